package io.taffrail.service.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.Status;
import org.junit.jupiter.api.Test;

class RpcStatusTest {
    @Test
    void aMessageCannotLeaveItsHeader() {
        var status = RpcStatus.of(Status.Code.NOT_FOUND, "stream \"a\r\ngrpc-status: 0\" 100% ü");
        assertEquals("stream \"a%0D%0Agrpc-status: 0\" 100%25 %C3%BC", status.encodedMessage());
    }

    @Test
    void aLongMessageIsCut() {
        assertTrue(RpcStatus.of(Status.Code.UNKNOWN, "x".repeat(1 << 20))
                        .encodedMessage()
                        .length()
                <= 1024);
    }
}

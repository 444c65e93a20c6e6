package io.taffrail.service.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.taffrail.proto.control.ApplySettingsRequest;
import io.taffrail.proto.control.Settings;
import io.taffrail.replication.ReplicaSettings;
import io.taffrail.service.api.StreamMessages;
import io.taffrail.wal.WalConfig;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class SettingsMessagesTest {
    private static final long PLENTY = 1L << 40;

    private static ReplicaSettings merged(Settings.Builder settings, long directBytes)
            throws StreamMessages.InvalidField {
        return SettingsMessages.merged(
                ReplicaSettings.DEFAULTS,
                ApplySettingsRequest.newBuilder().setSettings(settings).build(),
                new TailMemory(WalConfig.defaults(), directBytes));
    }

    private static String refusal(Settings.Builder settings, long directBytes) {
        return String.valueOf(assertThrows(StreamMessages.InvalidField.class, () -> merged(settings, directBytes))
                .getMessage());
    }

    @Test
    void whatAStartWouldRefuseIsRefused() throws StreamMessages.InvalidField {
        var most = Duration.ofDays(36_500).toMillis();
        assertEquals(
                most,
                merged(Settings.newBuilder().setRetentionMillis(most), PLENTY)
                        .streams()
                        .retentionMillis());
        assertEquals(
                "retention_millis is 3153600000001: allowed is 0 to 3153600000000",
                refusal(Settings.newBuilder().setRetentionMillis(most + 1), PLENTY));
        assertEquals(
                "retention_millis is 18446744073709551615: allowed is 0 to 3153600000000",
                refusal(Settings.newBuilder().setRetentionMillis(-1), PLENTY));
        assertEquals(
                "pending_bytes is 1073741825: allowed is 1048576 to 1073741824",
                refusal(Settings.newBuilder().setPendingBytes((1 << 30) + 1), PLENTY));
        assertEquals(
                "replication_lag_millis is 9: allowed is 10 to 3600000",
                refusal(Settings.newBuilder().setReplicationLagMillis(9), PLENTY));
    }

    @Test
    void pendingBytesThatTheMemoryCannotHoldAreRefused() throws StreamMessages.InvalidField {
        var wanted = Settings.newBuilder().setPendingBytes(128 << 20);
        var bothTails = (96 << 20) + (128 << 20) + (16 << 20);
        assertEquals(128 << 20, merged(wanted, bothTails).pendingBytes());
        assertEquals(
                "the memory outside the heap (-XX:MaxDirectMemorySize, else as much as -Xmx) is 251658239: allowed is at"
                        + " least 251658240 while pending_bytes change from 67108864 to 134217728",
                refusal(wanted, bothTails - 1));
        var sameTail = Settings.newBuilder().setPendingBytes(96 << 20);
        assertEquals(96 << 20, merged(sameTail, 0).pendingBytes());
    }
}

package io.taffrail.client;

import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import io.taffrail.proto.log.AppendResponse;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/// One `AppendStream` for the appenders that share it. Answers find their way back by the appender's number, which is
/// the upper part of a request's id.
///
/// Whoever leaves does not come back: what it had sent here may still be answered, and nobody is to hear of it. The
/// last one to leave ends the call.
final class AppendCall {
    private static final int ANSWERS_AHEAD = 64;
    private static final int SEQUENCE_BITS = 40;
    private static final long MAX_SEQUENCE = (1L << SEQUENCE_BITS) - 1;

    /// Hears of one appender's requests, on a thread that serves other appenders too.
    interface Listener {
        void answered(long sequence, AppendResponse response);

        /// There is room to send again.
        void ready();

        /// Nothing follows.
        void closed(Status status, Metadata trailers);
    }

    private final ClientCall<AppendMessage, AppendResponse> call;
    private final Executor transport;
    private final Map<Long, Session> sessions = new ConcurrentHashMap<>();
    private final long ordinal;
    private boolean ended;

    /// [#begin] comes next.
    ///
    /// @param transport runs what it is given on the thread that writes what the call sends
    /// @param ordinal greater than that of every call before it
    AppendCall(ClientCall<AppendMessage, AppendResponse> call, Executor transport, long ordinal) {
        this.call = call;
        this.transport = transport;
        this.ordinal = ordinal;
    }

    /// What a request carries, so that its answer is known. An appender's 2^40th batch would take a month at the rate
    /// at which the service answers single ones.
    static long requestId(long appender, long sequence) {
        if (sequence > MAX_SEQUENCE || appender >= 1L << (Long.SIZE - SEQUENCE_BITS)) {
            throw new LogClientException(
                    LogClientException.Kind.CLOSED,
                    "an appender sends %s batches, a client has %s appenders: begin anew"
                            .formatted(MAX_SEQUENCE + 1, 1L << (Long.SIZE - SEQUENCE_BITS)),
                    null);
        }
        return appender << SEQUENCE_BITS | sequence;
    }

    Session begin(long appender, Listener listener) {
        var session = new Session(appender, listener);
        sessions.put(appender, session);
        call.start(new Answers(), new Metadata());
        call.request(ANSWERS_AHEAD);
        return session;
    }

    long ordinal() {
        return ordinal;
    }

    /// Null: this call is over.
    synchronized @Nullable Session join(long appender, Listener listener) {
        if (ended) {
            return null;
        }
        var session = new Session(appender, listener);
        sessions.put(appender, session);
        return session;
    }

    private synchronized void leave(long appender) {
        if (sessions.remove(appender) == null || ended) {
            return;
        }
        if (sessions.isEmpty()) {
            ended = true;
            call.halfClose();
        }
    }

    private synchronized List<Session> close() {
        ended = true;
        var all = List.copyOf(sessions.values());
        sessions.clear();
        return all;
    }

    /// An appender's part in the call.
    final class Session {
        private final long appender;
        private final Listener listener;

        private Session(long appender, Listener listener) {
            this.appender = appender;
            this.listener = listener;
        }

        long callOrdinal() {
            return ordinal;
        }

        /// On the thread that writes what is sent, behind what it has begun.
        void execute(Runnable task) {
            try {
                transport.execute(task);
            } catch (RejectedExecutionException clientClosed) {
                // The call has ended too, and says so.
            }
        }

        boolean isReady() {
            return call.isReady();
        }

        void send(AppendMessage message) {
            synchronized (AppendCall.this) {
                if (!ended) {
                    call.sendMessage(message);
                }
            }
        }

        /// Nothing more is heard.
        void leave() {
            AppendCall.this.leave(appender);
        }
    }

    private final class Answers extends ClientCall.Listener<AppendResponse> {
        @Override
        public void onReady() {
            sessions.values().forEach(session -> session.listener.ready());
        }

        @Override
        public void onMessage(AppendResponse response) {
            call.request(1);
            var session = sessions.get(response.getRequestId() >>> SEQUENCE_BITS);
            if (session != null) {
                session.listener.answered(response.getRequestId() & MAX_SEQUENCE, response);
            }
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            close().forEach(session -> session.listener.closed(status, trailers));
        }
    }
}

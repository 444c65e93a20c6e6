package io.taffrail.wal.io.uring;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.wal.io.Errno;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SetupRefusalTest {
    @Test
    void namesTheSettingOfTheNodeThatForbids() {
        assertTrue(explain(Errno.EPERM, "2", "Seccomp:\t0").contains("kernel.io_uring_disabled is 2"));
        assertTrue(explain(Errno.EPERM, "1", "Seccomp:\t2").contains("kernel.io_uring_group"));
    }

    @Test
    void namesSeccompWhereAFilterIsInPlace() {
        assertTrue(explain(Errno.EPERM, "0", "Seccomp:\t2").contains("seccomp"));
        assertTrue(explain(Errno.ENOSYS, "0", "Seccomp:\t2").contains("seccomp"));
    }

    @Test
    void namesWhatCanBeRaisedOrIsMissing() {
        assertTrue(explain(Errno.ENOMEM, "0", "Seccomp:\t0").contains("RLIMIT_MEMLOCK"));
        assertTrue(explain(Errno.EMFILE, "0", "Seccomp:\t0").contains("RLIMIT_NOFILE"));
        assertTrue(explain(Errno.ENOSYS, "0", "Seccomp:\t0").contains("system call"));
        var withoutProc = SetupRefusal.explain(Errno.EPERM.number(), Optional.empty(), Optional.empty());
        assertTrue(withoutProc.contains("seccomp"));
    }

    private static String explain(Errno errno, String disabled, String seccomp) {
        return SetupRefusal.explain(errno.number(), Optional.of(disabled), Optional.of(seccomp));
    }
}

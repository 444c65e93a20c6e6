package io.taffrail.wal.io;

import java.io.IOException;

/// The kernel's refusals that Taffrail knows something about, with Linux's numbers (the same on x86-64 and
/// AArch64), glibc's texts, and what a person can change. An empty hint: nothing that is not in the text.
public enum Errno {
    EPERM(
            1,
            "Operation not permitted",
            "a security policy (seccomp, AppArmor, SELinux) or a missing capability forbids it"),
    EINTR(4, "Interrupted system call", ""),
    EIO(5, "Input/output error", "the device lost data or is failing: see the kernel log, replace the volume"),
    EBADF(9, "Bad file descriptor", "the file is closed or was opened read-only"),
    EAGAIN(11, "Resource temporarily unavailable", ""),
    ENOMEM(
            12,
            "Cannot allocate memory",
            "raise the memory limit, or RLIMIT_MEMLOCK (ulimit -l) on kernels before 5.12"),
    EACCES(13, "Permission denied", "the process's user must own the directory (fsGroup in a pod)"),
    EFAULT(14, "Bad address", ""),
    EBUSY(16, "Device or resource busy", ""),
    EINVAL(22, "Invalid argument", "the file system or kernel lacks the feature, or a direct transfer is not aligned"),
    EMFILE(24, "Too many open files", "raise RLIMIT_NOFILE (ulimit -n)"),
    EFBIG(27, "File too large", "raise RLIMIT_FSIZE (ulimit -f)"),
    ENOSPC(28, "No space left on device", "grow the volume or shorten retention"),
    EROFS(30, "Read-only file system", "the kernel remounts a failing volume read-only: see the kernel log"),
    ENOSYS(38, "Function not implemented", "the kernel, or a sandbox such as gVisor, does not have the system call"),
    ETIME(62, "Timer expired", ""),
    EOPNOTSUPP(95, "Operation not supported", "the file system lacks the feature"),
    ENOBUFS(105, "No buffer space available", ""),
    EINPROGRESS(115, "Operation now in progress", ""),
    EDQUOT(122, "Disk quota exceeded", "raise the quota or shorten retention"),
    ECANCELED(125, "Operation canceled", "");

    private final int number;
    private final String text;
    private final String hint;

    Errno(int number, String text, String hint) {
        this.number = number;
        this.text = text;
        this.hint = hint;
    }

    public int number() {
        return number;
    }

    public String hint() {
        return hint;
    }

    /// Whether a write, or a new file, was refused for want of room.
    public static boolean isNoRoom(int number) {
        return number == ENOSPC.number || number == EDQUOT.number;
    }

    /// The same for an exception of `java.nio`.
    public static boolean isNoRoom(IOException exception) {
        return isNoRoom(of(exception));
    }

    /// For a message: name, text, hint; the bare number if it is not one of these.
    public static String describe(int number) {
        for (var errno : values()) {
            if (errno.number == number) {
                var known = errno.name() + ", " + errno.text;
                return errno.hint.isEmpty() ? known : known + ": " + errno.hint;
            }
        }
        return "errno " + number;
    }

    /// The same for an exception of `java.nio`; its own text if it is not one of these.
    public static String describe(IOException exception) {
        var number = of(exception);
        return number == 0 ? exception.toString() : describe(number);
    }

    /// The number behind an exception of `java.nio`, which keeps only the text; 0 if it is not one of these.
    public static int of(IOException exception) {
        var message = exception.getMessage();
        if (message != null) {
            for (var errno : values()) {
                // java.nio puts the file's name in front of the text, or nothing.
                if (message.endsWith(errno.text)) {
                    return errno.number;
                }
            }
        }
        return 0;
    }
}

package io.taffrail.wal.io.libc;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.taffrail.wal.io.KernelRefusedException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;

/// Calls of the C library through `java.lang.foreign`, 64-bit Linux alone. Handles are static finals so that
/// the JIT compiles a call to a call. A call that can fail gets a segment of [#errnoSegment] as its first
/// argument; read it with [#errno] before the next call.
public final class LibC {
    public static final int O_RDONLY = 0;
    public static final int O_RDWR = 2;
    public static final int O_DSYNC = 0x1000;
    /// The one flag here whose value depends on the processor.
    public static final int O_DIRECT = System.getProperty("os.arch", "").equals("aarch64") ? 0x10000 : 0x4000;

    private static final int O_CLOEXEC = 0x80000;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final StructLayout CAPTURED = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO = CAPTURED.varHandle(MemoryLayout.PathElement.groupElement("errno"));

    private static final MethodHandle OPEN =
            failing("open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT), Linker.Option.firstVariadicArg(2));
    private static final MethodHandle CLOSE = plain("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle MMAP = failing(
            "mmap", FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
    private static final MethodHandle MUNMAP = plain("munmap", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG));

    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_SHARED_POPULATE = 0x8001;

    private LibC() {}

    /// Numbers of system calls and layouts of structures are those of 64-bit Linux; elsewhere they would ask
    /// for something else altogether.
    public static void requireLinux() throws KernelRefusedException {
        var system = System.getProperty("os.name", "") + "/" + System.getProperty("os.arch", "");
        if (!system.equals("Linux/amd64") && !system.equals("Linux/aarch64")) {
            throw new KernelRefusedException(system, 0, "this method is for Linux on x86-64 and AArch64 alone");
        }
    }

    /// A function that reports through its result alone.
    public static MethodHandle plain(String name, FunctionDescriptor type, Linker.Option... options) {
        var address = LINKER.defaultLookup()
                .find(name)
                .orElseThrow(() -> new UnsupportedOperationException("the C library has no function " + name));
        return LINKER.downcallHandle(address, type, options);
    }

    /// A function that sets errno.
    public static MethodHandle failing(String name, FunctionDescriptor type, Linker.Option... options) {
        var all = new Linker.Option[options.length + 1];
        System.arraycopy(options, 0, all, 0, options.length);
        all[options.length] = Linker.Option.captureCallState("errno");
        return plain(name, type, all);
    }

    public static MemorySegment errnoSegment(Arena arena) {
        return arena.allocate(CAPTURED);
    }

    public static int errno(MemorySegment errnoSegment) {
        return (int) ERRNO.get(errnoSegment, 0L);
    }

    /// What a call through a method handle throws is either an error of the Java machine or a wrong signature
    /// here; neither is the caller's to handle.
    public static IllegalStateException broken(Throwable thrown) {
        if (thrown instanceof Error error) {
            throw error;
        }
        return new IllegalStateException("a call of the C library could not be made", thrown);
    }

    public static int open(Path path, int flags) throws KernelRefusedException {
        try (var arena = Arena.ofConfined()) {
            var errno = errnoSegment(arena);
            var descriptor = (int) OPEN.invokeExact(errno, arena.allocateFrom(path.toString()), flags | O_CLOEXEC);
            if (descriptor < 0) {
                throw new KernelRefusedException("open " + path, errno(errno));
            }
            return descriptor;
        } catch (KernelRefusedException e) {
            throw e;
        } catch (Throwable t) {
            throw broken(t);
        }
    }

    /// The result is not looked at: Linux frees the descriptor whatever it returns, and what matters was
    /// flushed before.
    public static void close(int descriptor) {
        try {
            var _ = (int) CLOSE.invokeExact(descriptor);
        } catch (Throwable t) {
            throw broken(t);
        }
    }

    /// Shared, readable and writable. Unmap it with [#unmap].
    public static MemorySegment map(int descriptor, long offset, long bytes) throws KernelRefusedException {
        try (var arena = Arena.ofConfined()) {
            var errno = errnoSegment(arena);
            var address = (MemorySegment) MMAP.invokeExact(
                    errno, MemorySegment.NULL, bytes, PROT_READ_WRITE, MAP_SHARED_POPULATE, descriptor, offset);
            if (address.address() == -1) {
                throw new KernelRefusedException("mmap of " + bytes + " bytes", errno(errno));
            }
            return address.reinterpret(bytes);
        } catch (KernelRefusedException e) {
            throw e;
        } catch (Throwable t) {
            throw broken(t);
        }
    }

    public static void unmap(MemorySegment mapping) {
        try {
            var _ = (int) MUNMAP.invokeExact(mapping, mapping.byteSize());
        } catch (Throwable t) {
            throw broken(t);
        }
    }
}

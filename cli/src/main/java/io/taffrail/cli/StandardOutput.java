package io.taffrail.cli;

import java.io.IOException;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/// Keeps why something could not be written, of which a PrintWriter only tells that it could not.
final class StandardOutput extends OutputStream {
    private final OutputStream out;
    private volatile @Nullable IOException failure;

    StandardOutput(OutputStream out) {
        this.out = out;
    }

    @Override
    public void write(int octet) throws IOException {
        write(new byte[] {(byte) octet}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        try {
            out.write(bytes, offset, length);
        } catch (IOException failed) {
            failure = failed;
            throw failed;
        }
    }

    /// Null: all could be written, or whoever read it has enough, as in `taffrail streams list | head`.
    @Nullable
    IOException failure() {
        var failed = failure;
        return failed == null || isBrokenPipe(failed) ? null : failed;
    }

    static boolean isBrokenPipe(IOException failed) {
        return String.valueOf(failed.getMessage()).contains("Broken pipe");
    }
}

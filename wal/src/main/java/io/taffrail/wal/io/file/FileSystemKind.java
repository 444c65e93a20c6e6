package io.taffrail.wal.io.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// What kind of file system a folder is on, and what it cannot promise a log. A kind that is not known to be unfit is
/// taken for fit. A pod's `emptyDir` on the node's disk has the disk's kind and cannot be told from it.
public record FileSystemKind(String name) {
    /// Of the folder, or of the nearest one above it that is there.
    public static FileSystemKind of(Path folder) throws IOException {
        var existing = folder.toAbsolutePath().normalize();
        while (!Files.exists(existing)) {
            var above = existing.getParent();
            if (above == null) {
                throw new IOException(folder + " is on no file system");
            }
            existing = above;
        }
        return new FileSystemKind(Files.getFileStore(existing).type());
    }

    /// Why a log on it can lose what it acknowledged, or null.
    public @Nullable String unfit() {
        var kind = name.toLowerCase(Locale.ROOT);
        return switch (kind) {
            case "tmpfs", "ramfs", "hugetlbfs" -> "it is memory: a restart of the machine loses all of it";
            case "overlay", "overlayfs", "aufs" -> "it is a container's own layer, which is deleted with the container";
            case "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "virtiofs", "ceph", "afs" ->
                "it is over the network: neither its locks nor its flushes can be relied on";
            default -> kind.startsWith("fuse.") ? "it is a program's: what its flushes do is not known" : null;
        };
    }
}

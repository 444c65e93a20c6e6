package io.taffrail.wal.io.file;

import java.nio.file.OpenOption;

/// The JDK's option for O_DIRECT is public and supported (module `jdk.unsupported`), but `javac` warns of each
/// mention of it with a warning that cannot be turned off, and warnings are errors here; so it is looked up.
final class DirectOption {
    static final OpenOption O_DIRECT = find();

    private DirectOption() {}

    private static OpenOption find() {
        try {
            for (var option :
                    Class.forName("com.sun.nio.file.ExtendedOpenOption").getEnumConstants()) {
                if (option instanceof OpenOption direct && option.toString().equals("DIRECT")) {
                    return direct;
                }
            }
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException("this Java runtime was made without the module jdk.unsupported", e);
        }
        throw new IllegalStateException("ExtendedOpenOption.DIRECT is not in this Java runtime");
    }
}

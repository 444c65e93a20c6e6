package io.taffrail.simulation.mistake;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.MethodModel;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Loads the whole project anew, with mistakes. The code that is shipped stays as it is, on disk and in every other
/// class loader; nothing of it knows that mistakes can be planted.
public final class MistakenClassLoader extends ClassLoader {
    private static final String PROJECT = "io.taffrail.";

    static {
        registerAsParallelCapable();
    }

    private final ClassLoader original;
    private final List<CodeEdit> edits;
    private final Set<CodeEdit> fitted = new HashSet<>();

    public MistakenClassLoader(List<CodeEdit> edits) {
        super(MistakenClassLoader.class.getClassLoader());
        this.original = MistakenClassLoader.class.getClassLoader();
        this.edits = edits;
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        if (!name.startsWith(PROJECT)) {
            return super.loadClass(name, resolve);
        }
        synchronized (getClassLoadingLock(name)) {
            var loaded = findLoadedClass(name);
            return loaded == null ? define(name) : loaded;
        }
    }

    private Class<?> define(String name) throws ClassNotFoundException {
        try (var in = original.getResourceAsStream(name.replace('.', '/') + ".class")) {
            if (in == null) {
                throw new ClassNotFoundException(name);
            }
            var bytes = in.readAllBytes();
            var own = edits.stream()
                    .filter(edit -> name.equals(PROJECT + edit.type()))
                    .toList();
            var changed = own.isEmpty() ? bytes : change(bytes, own);
            return defineClass(name, changed, 0, changed.length);
        } catch (IOException e) {
            throw new UncheckedIOException(name, e);
        }
    }

    private byte[] change(byte[] bytes, List<CodeEdit> own) {
        var classFile = ClassFile.of(
                ClassFile.ClassHierarchyResolverOption.of(ClassHierarchyResolver.ofResourceParsing(original)));
        ClassModel model = classFile.parse(bytes);
        var changed = classFile.transformClass(model, (builder, element) -> {
            if (element instanceof MethodModel method) {
                var name = method.methodName().stringValue();
                var wanted = new ArrayList<CodeEdit>();
                for (var edit : own) {
                    if (edit.method().equals(name) && method.code().isPresent()) {
                        wanted.add(edit);
                    }
                }
                if (!wanted.isEmpty()) {
                    builder.transformMethod(method, EditedMethod.transform(method, wanted, fitted::add));
                    return;
                }
            }
            builder.with(element);
        });
        for (var edit : own) {
            if (!fitted.contains(edit)) {
                throw new IllegalStateException("the mistake does not fit the code any more: " + edit);
            }
        }
        return changed;
    }

    /// Those of the edits that find no place in the code: it has moved on.
    public static List<CodeEdit> unfit(List<CodeEdit> edits) throws ClassNotFoundException {
        var unfit = new ArrayList<CodeEdit>();
        for (var edit : edits) {
            try {
                new MistakenClassLoader(List.of(edit)).loadClass(PROJECT + edit.type());
            } catch (IllegalStateException moved) {
                unfit.add(edit);
            }
        }
        return unfit;
    }
}

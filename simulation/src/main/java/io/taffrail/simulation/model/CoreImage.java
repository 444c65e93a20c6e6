package io.taffrail.simulation.model;

import io.taffrail.replication.protocol.LogView;
import io.taffrail.replication.protocol.ProtocolConfig;
import io.taffrail.replication.protocol.ReplicationCore;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// Copies and digests a core by walking its fields, so that the production code carries nothing for the
/// search and no field that is added to it can be forgotten here: a type that this does not know is
/// refused.
final class CoreImage {
    private static final Set<String> PACKAGES =
            Set.of(ReplicationCore.class.getPackageName(), CoreImage.class.getPackageName());
    private static final Map<Class<?>, Field[]> FIELDS = new HashMap<>();
    private static final Map<Class<?>, Constructor<?>> CONSTRUCTORS = new HashMap<>();

    private CoreImage() {}

    /// A core of its own that sees `log`.
    static ReplicationCore copy(ReplicationCore core, LogView log) {
        return (ReplicationCore) copy((Object) core, log, new IdentityHashMap<>());
    }

    private static Object copy(Object from, LogView log, IdentityHashMap<Object, Object> done) {
        if (from instanceof LogView) {
            return log;
        }
        if (isValue(from)) {
            return from;
        }
        var known = done.get(from);
        if (known != null) {
            return known;
        }
        return switch (from) {
            case TreeMap<?, ?> map -> {
                var to = new TreeMap<Object, Object>();
                map.forEach((key, value) -> to.put(key, copy(value, log, done)));
                yield to;
            }
            case TreeSet<?> set -> new TreeSet<Object>(set);
            case ArrayList<?> list -> {
                var to = new ArrayList<Object>();
                list.forEach(value -> to.add(copy(value, log, done)));
                yield to;
            }
            case List<?> immutable -> immutable;
            default -> copyFields(from, log, done);
        };
    }

    private static Object copyFields(Object from, LogView log, IdentityHashMap<Object, Object> done) {
        var to = create(from.getClass());
        done.put(from, to);
        for (var field : fields(from.getClass())) {
            var value = get(field, from);
            set(field, to, value == null ? null : copy(value, log, done));
        }
        return to;
    }

    private static boolean isValue(Object object) {
        return object instanceof Record
                || object instanceof Enum<?>
                || object instanceof Number
                || object instanceof Boolean
                || object instanceof String
                || object instanceof UUID
                || object instanceof RandomGenerator;
    }

    /// Numbers of versions only say what is durable already, so that is what counts of them: how often
    /// something was written before makes no difference to what can happen.
    static void digest(ReplicationCore core, Digest to) {
        if (!(read(core, "state", "durableVersion") instanceof Long durable)) {
            throw new IllegalStateException("a core without versions");
        }
        digest((Object) core, to, durable, new IdentityHashMap<>());
    }

    static void digest(Object object, Digest to) {
        digest(object, to, 0, new IdentityHashMap<>());
    }

    private static void digest(
            @Nullable Object object, Digest to, long durable, IdentityHashMap<Object, Boolean> visited) {
        switch (object) {
            case null -> to.add(0x6e75);
            case Long number -> to.add(number);
            case Integer number -> to.add(number);
            case Byte number -> to.add(number);
            case Boolean flag -> to.add(flag ? 1 : 2);
            case Enum<?> value -> digest(value.name(), to, durable, visited);
            case UUID id -> to.add(id.getMostSignificantBits()).add(id.getLeastSignificantBits());
            case String text -> {
                to.add(text.length());
                text.chars().forEach(to::add);
            }
            case ByteBuffer bytes -> {
                to.add(bytes.remaining());
                for (var i = bytes.position(); i < bytes.limit(); i++) {
                    to.add(bytes.get(i));
                }
            }
            case List<?> list -> {
                to.add(list.size());
                list.forEach(element -> digest(element, to, durable, visited));
            }
            case TreeSet<?> set -> {
                to.add(set.size());
                set.forEach(element -> digest(element, to, durable, visited));
            }
            case TreeMap<?, ?> map -> {
                to.add(map.size());
                map.forEach((key, value) -> {
                    digest(key, to, durable, visited);
                    digest(value, to, durable, visited);
                });
            }
            case LogView _, RandomGenerator _, ProtocolConfig _ -> {}
            default -> {
                if (visited.put(object, true) != null && !(object instanceof Record)) {
                    return;
                }
                to.add(object.getClass().getName().hashCode());
                for (var field : fields(object.getClass())) {
                    if (field.getName().endsWith("Version")) {
                        to.add(get(field, object) instanceof Long version && version > durable ? 1 : 0);
                    } else {
                        digest(get(field, object), to, durable, visited);
                    }
                }
            }
        }
    }

    /// The value at the end of a path of fields; null also if a field on the way is not there.
    static @Nullable Object read(Object from, String... path) {
        Object at = from;
        for (var name : path) {
            var field = at == null ? null : find(at.getClass(), name);
            if (at == null || field == null) {
                return null;
            }
            at = get(field, at);
        }
        return at;
    }

    static void write(Object to, String name, @Nullable Object value) {
        var field = find(to.getClass(), name);
        if (field == null) {
            throw new IllegalArgumentException("%s has no %s".formatted(to.getClass(), name));
        }
        set(field, to, value);
    }

    private static @Nullable Field find(Class<?> type, String name) {
        for (var field : fields(type)) {
            if (field.getName().equals(name)) {
                return field;
            }
        }
        return null;
    }

    private static Field[] fields(Class<?> type) {
        return FIELDS.computeIfAbsent(type, CoreImage::findFields);
    }

    private static Field[] findFields(Class<?> type) {
        if (!PACKAGES.contains(type.getPackageName())) {
            throw new IllegalStateException("a core holds a %s, which cannot be copied".formatted(type));
        }
        var fields = new ArrayList<Field>();
        for (var field : type.getDeclaredFields()) {
            if (!Modifier.isStatic(field.getModifiers())) {
                field.setAccessible(true);
                fields.add(field);
            }
        }
        return fields.toArray(Field[]::new);
    }

    private static Object create(Class<?> type) {
        try {
            return CONSTRUCTORS
                    .computeIfAbsent(type, CoreImage::withoutConstructor)
                    .newInstance();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /// As deserialization does it: the fields are all set from the original. By name, because the
    /// compiler refuses to name what lies in `jdk.unsupported`.
    private static Constructor<?> withoutConstructor(Class<?> type) {
        try {
            var factory = Class.forName("sun.reflect.ReflectionFactory");
            return (Constructor<?>) factory.getMethod("newConstructorForSerialization", Class.class, Constructor.class)
                    .invoke(
                            factory.getMethod("getReflectionFactory").invoke(null),
                            type,
                            Object.class.getDeclaredConstructor());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static @Nullable Object get(Field field, Object from) {
        try {
            return field.get(from);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void set(Field field, Object to, @Nullable Object value) {
        try {
            field.set(to, value);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }
}

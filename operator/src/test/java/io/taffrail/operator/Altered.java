package io.taffrail.operator;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// A record with one component changed: a test names what matters to it, and a component more changes no test.
public final class Altered {
    private Altered() {}

    /// @param component its name
    public static <R extends Record> R altered(R record, String component, @Nullable Object value) {
        var components = record.getClass().getRecordComponents();
        var types = new Class<?>[components.length];
        var values = new @Nullable Object[components.length];
        var found = false;
        try {
            for (var i = 0; i < components.length; i++) {
                var here = components[i].getName().equals(component);
                found |= here;
                types[i] = components[i].getType();
                values[i] = here ? value : components[i].getAccessor().invoke(record);
            }
            if (!found) {
                throw new IllegalArgumentException(component + " is none of " + Arrays.toString(components));
            }
            @SuppressWarnings("unchecked")
            var altered = (R) record.getClass().getConstructor(types).newInstance(values);
            return altered;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }
}

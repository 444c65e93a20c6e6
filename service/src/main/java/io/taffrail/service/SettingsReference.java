package io.taffrail.service;

import io.smallrye.config.SmallRyeConfigBuilder;
import io.smallrye.config.WithConverter;
import io.smallrye.config.WithDefault;
import io.smallrye.config.common.utils.StringUtil;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.AnnotatedParameterizedType;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.ListResourceBundle;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Every setting of [ServiceConfig], with the bounds of [ServiceSettings].
final class SettingsReference {
    /// @param allowed empty: whatever its type allows
    record Entry(String name, String type, String defaultValue, String allowed, boolean live, String description) {
        String variable() {
            return StringUtil.replaceNonAlphanumericByUnderscores(name).toUpperCase(Locale.ROOT);
        }

        private String row() {
            return "| `%s` | `%s` | %s | %s | %s | %s | %s |\n"
                    .formatted(
                            name,
                            variable(),
                            type,
                            defaultValue.isEmpty() ? "" : "`" + defaultValue + "`",
                            allowed,
                            live ? "yes" : "",
                            description);
        }
    }

    private SettingsReference() {}

    /// docs/operating/settings.md
    static String page() {
        var quarkus = ServiceMain.quarkusDefaults();
        var page = new StringBuilder("""
                # Settings of a server

                Generated from `ServiceConfig` and `ServiceSettings` of the module `service`; `taffrail serve --settings` prints it.

                Each is a property of a file (`--config FILE`), a variable of the environment, or `-D NAME=VALUE`; the last of these that has it
                counts. An unknown name, and a value that is not allowed, are refused at the start, all at once.
                A *duration* is %s. A *size* is %s.

                What is *live* changes while the server runs: the operator does it when a LogCluster's spec changes, others through `ApplySettings`
                of [control.proto](../../proto/src/main/proto/taffrail/control.proto), and it holds until the process ends. All settings are read
                when it starts. A LogCluster's servers have the defaults of whatever its [spec](reference.md) does not name.

                Health and metrics have a port of their own, `quarkus.http.port` (`--http-port`, default `%s`), on the interface
                `quarkus.http.host` (default `%s`); what is logged is Quarkus' `quarkus.log.*`, and `--json` logs as JSON.

                | setting | variable | type | default | allowed | live | |
                |---|---|---|---|---|---|---|
                """.formatted(
                        DurationConverter.ALLOWED,
                        ByteSizeConverter.ALLOWED,
                        quarkus.get("quarkus.http.port"),
                        quarkus.get("quarkus.http.host")));
        entries().forEach(entry -> page.append(entry.row()));
        return page.toString();
    }

    /// For the command line's help, by name.
    static final class Descriptions extends ListResourceBundle {
        @Override
        protected Object[][] getContents() {
            return entries().stream()
                    .map(entry -> new Object[] {entry.name, entry.description})
                    .toArray(Object[][]::new);
        }
    }

    /// By name.
    static List<Entry> entries() {
        var defaults = new SmallRyeConfigBuilder()
                .withMapping(ServiceConfig.class)
                .build()
                .getConfigMapping(ServiceConfig.class);
        var entries = new ArrayList<Entry>();
        collect(ServiceConfig.class, ServiceConfig.PREFIX + ".", ServiceSettings.bounds(defaults), entries);
        entries.sort(Comparator.comparing(Entry::name));
        return entries;
    }

    private static void collect(Class<?> group, String prefix, Map<String, Set<String>> bounds, List<Entry> entries) {
        for (var method : group.getDeclaredMethods()) {
            var name = prefix + StringUtil.skewer(method.getName());
            if (ServiceConfig.class.equals(method.getReturnType().getEnclosingClass())) {
                collect(method.getReturnType(), name + ".", bounds, entries);
                continue;
            }
            var setting = method.getAnnotation(Setting.class);
            if (setting == null) {
                throw new IllegalStateException(name + " has no @Setting, which says what it is");
            }
            var defaultValue = method.getAnnotation(WithDefault.class);
            entries.add(new Entry(
                    name,
                    type(method),
                    defaultValue == null ? "" : defaultValue.value(),
                    String.join(", ", bounds.getOrDefault(name, Set.of())),
                    setting.live(),
                    setting.value()));
        }
    }

    private static String type(Method method) {
        var converter = method.getAnnotatedReturnType() instanceof AnnotatedParameterizedType optional
                ? converter(optional.getAnnotatedActualTypeArguments()[0])
                : converter(method);
        if (ByteSizeConverter.class.equals(converter)) {
            return "size";
        }
        if (DurationConverter.class.equals(converter)) {
            return "duration";
        }
        return switch (method.getGenericReturnType().getTypeName()) {
            case "int", "long", "java.util.OptionalInt" -> "number";
            case "boolean" -> "`true` or `false`";
            case "java.lang.String", "java.util.Optional<java.lang.String>" -> "text";
            case "java.util.Optional<java.util.List<java.lang.String>>" -> "list";
            default -> throw new IllegalStateException(method + " is of a type that this has no word for");
        };
    }

    private static @Nullable Class<?> converter(AnnotatedElement element) {
        var converter = element.getAnnotation(WithConverter.class);
        return converter == null ? null : converter.value();
    }
}

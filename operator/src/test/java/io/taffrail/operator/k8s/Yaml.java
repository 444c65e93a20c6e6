package io.taffrail.operator.k8s;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import java.util.Map;

/// Resources as a test writes them, also in YAML's braces.
final class Yaml {
    private static final ObjectMapper MAPPER = new ObjectMapper(new YAMLFactory());

    private Yaml() {}

    static GenericKubernetesResource resource(String yaml) {
        return read(yaml, GenericKubernetesResource.class);
    }

    /// The resource with these fields of its spec replaced.
    static GenericKubernetesResource resource(String yaml, String spec) {
        var resource = resource(yaml);
        Map<String, Object> wanted = resource.get("spec");
        Map<?, ?> replaced = read(spec.isEmpty() ? "{}" : spec, Map.class);
        replaced.forEach((field, value) -> wanted.put(String.valueOf(field), value));
        return resource;
    }

    static <T> T read(String yaml, Class<T> type) {
        try {
            return MAPPER.readValue(yaml, type);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(yaml, e);
        }
    }
}

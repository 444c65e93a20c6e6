package io.taffrail.operator.crd;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.taffrail.operator.GoldenFile;
import java.io.IOException;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// The reference is the schema, as a table.
final class ReferenceTest {
    /// Kubernetes documents these itself.
    private static final Set<String> KUBERNETES = Set.of(
            "resources", "affinity", "tolerations", "topologySpreadConstraints", "seccompProfile", "imagePullSecrets");

    @Test
    void everyFieldIsInTheReference() throws IOException {
        var page = new StringBuilder("""
                # Reference

                Generated from the records of `io.taffrail.operator.crd`, as the definitions are.
                """);
        for (var yaml : CustomResourceDefinitions.yaml().values()) {
            var definition = new ObjectMapper(new YAMLFactory()).readTree(yaml).path("spec");
            var schema = definition.path("versions").path(0).path("schema").path("openAPIV3Schema");
            var kind = definition.path("names").path("kind").asText();
            for (var part : new String[] {"spec", "status"}) {
                page.append("\n## ").append(kind).append(' ').append(part).append("\n\n");
                page.append("| field | type | default | |\n|---|---|---|---|\n");
                fields(page, "", schema.path("properties").path(part));
            }
            page.append("\nRules of ").append(kind).append(":\n\n");
            rules(page, schema);
        }
        GoldenFile.check("docs/operating/reference.md", page.toString());
    }

    private static void fields(StringBuilder page, String prefix, JsonNode schema) {
        for (var field : schema.path("properties").properties()) {
            var value = field.getValue();
            var path = prefix + field.getKey();
            var list = value.path("type").asText().equals("array");
            page.append("| `").append(path).append(list ? "[]" : "").append("` | ");
            page.append(type(value)).append(" | ").append(defaultValue(value)).append(" | ");
            page.append(value.path("description").asText().replace("|", "\\|")).append(" |\n");
            if (!KUBERNETES.contains(field.getKey())) {
                fields(page, path + (list ? "[]." : "."), list ? value.path("items") : value);
            }
        }
    }

    private static String type(JsonNode schema) {
        if (schema.has("enum")) {
            var words = new java.util.ArrayList<String>();
            schema.path("enum").forEach(word -> words.add("`" + word.asText() + "`"));
            return String.join(", ", words);
        }
        return schema.path("type").asText();
    }

    private static String defaultValue(JsonNode schema) {
        var value = schema.path("default");
        return value.isValueNode() && !value.isMissingNode() ? "`" + value.asText() + "`" : "";
    }

    private static void rules(StringBuilder page, JsonNode schema) {
        schema.path("x-kubernetes-validations")
                .forEach(rule ->
                        page.append("- ").append(rule.path("message").asText()).append('\n'));
        schema.path("properties").forEach(property -> rules(page, property));
    }
}

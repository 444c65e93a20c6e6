package io.taffrail.operator.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import com.fasterxml.jackson.databind.node.ObjectNode;

/// Whether an object still says everything that it should. What others added, or the API server filled in, is theirs.
public final class Drift {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private Drift() {}

    public static boolean between(Object wanted, Object live) {
        return !contains(MAPPER.valueToTree(live), MAPPER.valueToTree(wanted));
    }

    /// The live object saying what it should; what others added stays, but for lists, which are replaced.
    public static <T> T repaired(Object wanted, T live, Class<T> type) {
        JsonNode merged = MAPPER.valueToTree(live);
        if (!(merged instanceof ObjectNode object)) {
            throw new IllegalArgumentException("not an object: " + live);
        }
        merge(object, MAPPER.valueToTree(wanted));
        return MAPPER.convertValue(object, type);
    }

    private static void merge(ObjectNode live, JsonNode wanted) {
        for (var field : wanted.properties()) {
            var value = field.getValue();
            if (live.get(field.getKey()) instanceof ObjectNode below && value.isObject()) {
                merge(below, value);
            } else if (!value.isNull()) {
                live.set(field.getKey(), value);
            }
        }
    }

    private static boolean contains(JsonNode live, JsonNode wanted) {
        if (wanted.isNull() || wanted.isMissingNode()) {
            return true;
        }
        if (wanted.getNodeType() == JsonNodeType.OBJECT) {
            return containsFields(live, wanted);
        }
        if (wanted.getNodeType() == JsonNodeType.ARRAY) {
            if (live.size() != wanted.size()) {
                return wanted.isEmpty() && live.isMissingNode();
            }
            for (var i = 0; i < wanted.size(); i++) {
                if (!contains(live.path(i), wanted.get(i))) {
                    return false;
                }
            }
            return true;
        }
        return wanted.asText().equals(live.asText());
    }

    private static boolean containsFields(JsonNode live, JsonNode wanted) {
        for (var field : wanted.properties()) {
            if (!contains(live.path(field.getKey()), field.getValue())) {
                return false;
            }
        }
        return true;
    }
}

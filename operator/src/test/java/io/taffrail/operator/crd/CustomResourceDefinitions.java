package io.taffrail.operator.crd;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.crdv2.generator.CRDGenerator;
import io.fabric8.crdv2.generator.CRDPostProcessor;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// The definitions as they are generated from the records.
public final class CustomResourceDefinitions {
    /// Lists whose entries have a name: a patch by one writer then leaves the entries of another alone.
    private static final Map<String, String> KEYS = Map.of(
            "conditions",
            "type",
            "replicas",
            "pod",
            "worstCaseLoss",
            "fault",
            "pendingChanges",
            "name",
            "recoveries",
            "requestId");

    private CustomResourceDefinitions() {}

    /// By plural name.
    public static Map<String, String> yaml() {
        var definitions = new TreeMap<String, String>();
        for (Class<? extends HasMetadata> kind : List.of(LogCluster.class, LogStream.class)) {
            definitions.put(HasMetadata.getPlural(kind), yaml(kind));
        }
        return definitions;
    }

    private static String yaml(Class<? extends HasMetadata> kind) {
        var generated = new ArrayList<HasMetadata>();
        new CRDGenerator()
                .forCRDVersions("v1")
                .customResourceClasses(List.of(kind))
                .withPostProcessor(new CRDPostProcessor() {
                    @Override
                    public HasMetadata process(HasMetadata definition, String version) {
                        generated.add(definition);
                        return definition;
                    }
                })
                .withOutput(new CRDGenerator.AbstractCRDOutput<OutputStream>() {
                    @Override
                    protected OutputStream createStreamFor(String name) {
                        return OutputStream.nullOutputStream();
                    }
                })
                .generate();
        var definition = (ObjectNode) new ObjectMapper().valueToTree(generated.getFirst());
        for (var version : definition.path("spec").path("versions")) {
            var schema = (ObjectNode) version.path("schema").path("openAPIV3Schema");
            schema.putArray("required").add("spec");
            refine(schema);
            orderColumns(kind, (ArrayNode) version.path("additionalPrinterColumns"));
        }
        return Serialization.asYaml(definition);
    }

    /// Keys the lists, and says each rule once: the generator finds it at a record's field and at its accessor.
    private static void refine(JsonNode schema) {
        if (schema.get("x-kubernetes-validations") instanceof ArrayNode rules) {
            var once = new LinkedHashSet<JsonNode>();
            rules.forEach(once::add);
            rules.removeAll();
            once.forEach(rules::add);
        }
        for (var property : schema.path("properties").properties()) {
            var key = KEYS.get(property.getKey());
            if (key != null && property.getValue().path("type").asText().equals("array")) {
                var list = (ObjectNode) property.getValue();
                list.put("x-kubernetes-list-type", "map");
                list.putArray("x-kubernetes-list-map-keys").add(key);
            }
            refine(property.getValue());
        }
    }

    /// As the class lists them; the generator sorts them by path.
    private static void orderColumns(Class<? extends HasMetadata> kind, ArrayNode columns) {
        var byName = new HashMap<String, JsonNode>();
        columns.forEach(column -> byName.put(column.path("name").asText(), column));
        columns.removeAll();
        for (var column : kind.getAnnotationsByType(AdditionalPrinterColumn.class)) {
            columns.add(byName.get(column.name()));
        }
    }
}

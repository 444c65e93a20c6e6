package io.taffrail.operator.crd;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.crdv2.generator.CRDGenerator;
import io.fabric8.crdv2.generator.CRDPostProcessor;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// The definitions as they are generated from the records.
public final class CustomResourceDefinitions {
    /// Lists whose entries have a name: a patch by one writer then leaves the entries of another alone.
    private static final Map<String, String> KEYS =
            Map.of("conditions", "type", "replicas", "pod", "worstCaseLoss", "fault", "pendingChanges", "name");

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
        definition
                .path("spec")
                .path("versions")
                .forEach(version -> keyLists(version.path("schema").path("openAPIV3Schema")));
        return Serialization.asYaml(definition);
    }

    private static void keyLists(JsonNode schema) {
        for (var property : schema.path("properties").properties()) {
            var key = KEYS.get(property.getKey());
            if (key != null && "array".equals(property.getValue().path("type").asText())) {
                var list = (ObjectNode) property.getValue();
                list.put("x-kubernetes-list-type", "map");
                list.putArray("x-kubernetes-list-map-keys").add(key);
            }
            keyLists(property.getValue());
        }
    }
}

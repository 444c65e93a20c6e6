package io.taffrail.operator.crd;

import io.taffrail.operator.GoldenFile;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class CustomResourceDefinitionsTest {
    @ParameterizedTest
    @ValueSource(strings = {"logclusters", "logstreams"})
    void theChartHasTheDefinitionsThatTheRecordsSay(String plural) {
        var yaml = Objects.requireNonNull(CustomResourceDefinitions.yaml().get(plural));
        // Kept on uninstall: deleting a definition deletes every cluster of its kind.
        var kept =
                yaml.replaceFirst("metadata:\n", "metadata:\n  annotations:\n    helm.sh/resource-policy: \"keep\"\n");
        GoldenFile.check("helm/taffrail-operator/templates/crd-" + plural + ".yaml", """
                        # Generated from the records of io.taffrail.operator.crd.
                        {{- if .Values.crds.enabled }}
                        %s{{- end }}
                        """.formatted(
                        kept.replaceFirst("^---\n", "")));
    }
}

package io.taffrail.operator.helm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.marcnuri.helm.Helm;
import com.marcnuri.helm.TemplateCommand;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.api.model.rbac.PolicyRule;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import io.taffrail.operator.GoldenFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// Real Helm, in this process.
final class HelmChartTest {
    private static final Path CHART = GoldenFile.root().resolve("helm/taffrail-operator");

    private static final KubernetesSerialization YAML = new KubernetesSerialization();

    private static TemplateCommand template() {
        return new Helm(CHART)
                .template()
                .withName("taffrail-operator")
                .withNamespace("taffrail-system")
                .withKubeVersion("1.34.0");
    }

    private static List<HasMetadata> objects(String yaml) {
        return Arrays.stream(yaml.split("(?m)^---$"))
                .filter(document -> document.contains("kind:"))
                .map(document -> (HasMetadata) Objects.requireNonNull(YAML.<Object>unmarshal(document)))
                .toList();
    }

    private static <T> T only(List<HasMetadata> objects, Class<T> kind) {
        var found = objects.stream().filter(kind::isInstance).map(kind::cast).toList();
        assertEquals(1, found.size(), kind.getSimpleName());
        return found.getFirst();
    }

    @Test
    void hasNothingThatHelmWarnsOf() {
        var result = new Helm(CHART).lint().strict().call();
        assertFalse(result.isFailed(), () -> String.join("\n", result.getMessages()));
    }

    /// The same without Helm: one source, so that the two never say different things.
    @Test
    void plainManifestsAreTheRenderedChart() {
        var namespace = """
                # Generated from helm/taffrail-operator with its default values.
                apiVersion: v1
                kind: Namespace
                metadata:
                  name: taffrail-system
                """;
        var rendered = Arrays.stream(template().call().split("(?m)^---\n"))
                .filter(document -> document.contains("kind:") && !document.contains("helm.sh/hook"))
                .map(document -> "---\n" + withoutHelm(document))
                .collect(Collectors.joining());
        GoldenFile.check("k8s/operator.yaml", namespace + rendered);
    }

    private static String withoutHelm(String document) {
        return document.lines()
                        .filter(line -> !line.startsWith("# Source:"))
                        .filter(line -> !line.strip().startsWith("helm.sh/chart:"))
                        .map(line -> line.replace(
                                "app.kubernetes.io/managed-by: Helm", "app.kubernetes.io/managed-by: manifests"))
                        .collect(Collectors.joining("\n"))
                        .stripTrailing()
                + "\n";
    }

    @Test
    void asksForNoMoreThanItUses() {
        var rules = only(objects(template().call()), ClusterRole.class).getRules();
        for (PolicyRule rule : rules) {
            var all = List.of(rule.getVerbs(), rule.getResources(), rule.getApiGroups());
            assertTrue(all.stream().noneMatch(words -> words.contains("*")), rule::toString);
            if (rule.getResources().contains("events")) {
                assertEquals(List.of("create"), rule.getVerbs());
            }
            if (rule.getResources().contains("secrets")) {
                assertEquals(List.of("get"), rule.getVerbs());
            }
        }
        assertTrue(rules.stream().noneMatch(rule -> rule.getResources().contains("customresourcedefinitions")));
        assertTrue(rules.stream()
                .filter(rule -> rule.getVerbs().contains("delete"))
                .allMatch(rule -> rule.getResources().equals(List.of("pods"))));
    }

    @Test
    void staysInTheNamespacesThatItIsGiven() {
        var objects = objects(template()
                .set("watchNamespaces[0]", "shop")
                .set("watchNamespaces[1]", "bank")
                .call());
        // Nothing but what takes a finalizer away, which the namespace's own Role may not live to see.
        assertEquals(
                List.of("logstreams [] [get, list, watch, update, patch]", "namespaces [shop, bank] [get]"),
                only(objects, ClusterRole.class).getRules().stream()
                        .map(rule -> String.join(",", rule.getResources()) + " " + rule.getResourceNames() + " "
                                + rule.getVerbs())
                        .toList());
        var without = objects(template()
                .set("watchNamespaces[0]", "shop")
                .set("rbac.finalizers", false)
                .call());
        assertTrue(without.stream().noneMatch(object -> object.getKind().startsWith("ClusterRole")));
        assertEquals(
                List.of("shop", "bank"),
                objects.stream()
                        .filter(object -> object.getKind().equals("Role"))
                        .map(object -> object.getMetadata().getNamespace())
                        .toList());
        var namespaces = only(objects, Deployment.class)
                .getSpec()
                .getTemplate()
                .getSpec()
                .getContainers()
                .getFirst()
                .getEnv()
                .stream()
                .filter(variable -> variable.getName().equals("QUARKUS_OPERATOR_SDK_NAMESPACES"))
                .findFirst()
                .orElseThrow();
        assertEquals("shop,bank", namespaces.getValue());
    }

    @Test
    void keepsTheDefinitionsAndThereforeTheClustersOnUninstall() {
        var definitions = objects(template().call()).stream()
                .filter(object -> object.getKind().equals("CustomResourceDefinition"))
                .toList();
        assertEquals(2, definitions.size());
        for (var definition : definitions) {
            assertEquals("keep", definition.getMetadata().getAnnotations().get("helm.sh/resource-policy"));
        }
        assertTrue(objects(template().set("crds.enabled", false).call()).stream()
                .noneMatch(object -> object.getKind().equals("CustomResourceDefinition")));
    }

    @Test
    void rendersWhatIsAskedForBeside() {
        var kinds = objects(template()
                        .set("metrics.podMonitor.enabled", true)
                        .set("metrics.prometheusRule.enabled", true)
                        .set("metrics.grafanaDashboard.enabled", true)
                        .set("seccompProfile.configMap", true)
                        .call())
                .stream()
                .collect(Collectors.groupingBy(HasMetadata::getKind, Collectors.counting()));
        assertEquals(2, kinds.get("PodMonitor"));
        assertEquals(1, kinds.get("PrometheusRule"));
        assertEquals(2, kinds.get("ConfigMap"));
    }

    /// Without it `namespace` would be the operator's own in every alert and panel, and the cluster's is renamed.
    @Test
    void theOperatorsMetricsKeepTheNamespaceOfTheClusterThatTheyTellOf() {
        var honoured = objects(
                        template().set("metrics.podMonitor.enabled", true).call())
                .stream()
                .filter(object -> object.getKind().equals("PodMonitor"))
                .collect(Collectors.toMap(
                        object -> object.getMetadata().getName(),
                        object -> String.valueOf(((GenericKubernetesResource) object)
                                .<Object>get("spec", "podMetricsEndpoints", 0, "honorLabels"))));
        assertEquals(Map.of("taffrail-operator", "true", "taffrail-operator-clusters", "null"), honoured);
    }

    /// A panel or an alert on a metric that nobody serves says for ever that all is well.
    @Test
    void watchesMetricsThatAreServed() throws IOException {
        var served = new ArrayList<String>();
        for (var module : List.of("service", "operator")) {
            try (var files = Files.walk(GoldenFile.root().resolve(module).resolve("src/main/java"))) {
                for (var file :
                        files.filter(it -> it.toString().endsWith(".java")).toList()) {
                    Pattern.compile("\"(taffrail(?:[.][a-z]+)+)\"")
                            .matcher(Files.readString(file))
                            .results()
                            .map(name -> name.group(1).replace('.', '_'))
                            .forEach(served::add);
                }
            }
        }
        var watched = new TreeSet<String>();
        for (var file : List.of("templates/prometheusrule.yaml", "dashboards/taffrail.json")) {
            Pattern.compile("taffrail_[a-z_]+")
                    .matcher(Files.readString(CHART.resolve(file)))
                    .results()
                    .map(MatchResult::group)
                    .forEach(watched::add);
        }
        assertTrue(watched.size() > 10, watched::toString);
        watched.removeIf(metric -> served.contains(metric.replaceAll("(_total|(_seconds)?(_count|_sum)?)$", "")));
        assertEquals(Set.of(), watched, "served by nobody");
    }

    @Test
    void refusesValuesThatItDoesNotKnow() {
        for (var wrong : List.of("operator.settleTimes", "crds.install", "watchNamespace")) {
            var failure = assertThrows(
                    IllegalStateException.class,
                    () -> template().set(wrong, "1s").call());
            assertTrue(String.valueOf(failure.getMessage()).contains("dditional propert"), failure.getMessage());
        }
        assertThrows(
                IllegalStateException.class,
                () -> template().set("operator.settleTime", "soon").call());
    }
}

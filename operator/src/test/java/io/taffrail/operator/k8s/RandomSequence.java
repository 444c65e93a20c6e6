package io.taffrail.operator.k8s;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.taffrail.operator.crd.LogCluster;
import io.taffrail.operator.k8s.ShakyApiServer.Treatment;
import io.taffrail.operator.resource.ClusterNames;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/// Edits, deletions, restarts of the operator, conflicts, lost answers and stale watches, drawn by a seed, against one
/// LogCluster; then the weather clears, and the cluster must become what its last spec asks. The seed repeats the
/// events and their pauses, not the interleaving.
final class RandomSequence implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(4);
    private static final int EVENTS = 10;
    private static final int PAUSE_MILLIS_MAX = 1_200;
    /// A pass that saw the cluster before a fault may act after it: what it does then is judged by what it saw. So long
    /// behind the fault, besides the longest pass that there was: what it saw was a cache's.
    private static final long EXCUSED_NANOS = 5_000_000_000L;

    private static final long LONG_AGO_NANOS = Duration.ofDays(1).toNanos();

    /// @param behindNanos how long after what may excuse it
    private record Act(String harm, long behindNanos) {}

    private static final Pattern POD = Pattern.compile(".*/pods/orders-([0-9]+)");
    private static final Pattern SET = Pattern.compile(".*/statefulsets/orders");
    private static final Pattern REPLICAS =
            Pattern.compile("\"path\"\\s*:\\s*\"/spec/replicas\"[^}]*?\"value\"\\s*:\\s*([0-9]+)"
                    + "|\"value\"\\s*:\\s*([0-9]+)[^}]*?\"path\"\\s*:\\s*\"/spec/replicas\"");

    private final ControlPlane plane;
    private final String namespace;
    private final Random random;
    private final StandInPods pods;
    private final KubernetesClient admin;
    private final ShakyApiServer shaky;
    private final KubernetesClient through;
    private final List<RunningOperator> operators = new ArrayList<>();
    private final List<String> story = new CopyOnWriteArrayList<>();
    private final List<Act> harmful = new CopyOnWriteArrayList<>();
    private final AtomicInteger judged = new AtomicInteger();
    private final AtomicInteger excused = new AtomicInteger();
    /// Nodes whose pods a fault is about to end.
    private final Set<Integer> hit = ConcurrentHashMap.newKeySet();
    private final AtomicLong lastFault = new AtomicLong(System.nanoTime() - LONG_AGO_NANOS);
    private final AtomicLong lastAsleep = new AtomicLong(System.nanoTime() - LONG_AGO_NANOS);
    private long longestPassNanos;
    private final Thread writer;
    private volatile boolean stopping;
    private volatile boolean storm;
    private volatile boolean asleep;
    private boolean volumeReplaced;
    private int replicas = 3;
    private int edits;
    private String lifecycle = "Running";
    private String management = "Managed";
    private String image = "";
    private int size = 1;

    RandomSequence(ControlPlane plane, long seed) {
        this.plane = plane;
        namespace = "random-" + seed;
        random = new Random(seed);
        pods = new StandInPods(plane, namespace, Duration.ofMillis(random.nextInt(600)), this::ended);
        admin = pods.admin();
        shaky = new ShakyApiServer(plane);
        shaky.weather(this::treat);
        through = shaky.adminClient();
        operators.add(new RunningOperator(through, namespace));
        writer = Thread.ofVirtual().start(() -> {
            while (!stopping) {
                pods.replicas().append();
                LockSupport.parkNanos(5_000_000);
            }
        });
    }

    /// Returns how many records were acknowledged.
    long run() {
        apply();
        if (random.nextBoolean()) {
            // Otherwise the weather is bad from the very first moment, also for the bootstrap.
            await("first ready").atMost(PATIENCE).until(pods::settled);
        }
        for (var event = 0; event < EVENTS; event++) {
            try {
                happen(random.nextInt(100));
            } catch (KubernetesClientException raced) {
                story.add("refused: " + raced.getCode());
            }
            LockSupport.parkNanos(random.nextInt(PAUSE_MILLIS_MAX) * 1_000_000L);
        }
        clear();
        converges();
        return pods.replicas().acknowledged();
    }

    private void happen(int draw) {
        var node = random.nextInt(replicas);
        if (draw < 30) {
            edit();
        } else if (draw < 45) {
            fault("pod " + node + " deleted", node);
            admin.pods().inNamespace(namespace).withName("orders-" + node).delete();
        } else if (draw < 50) {
            fault("pod " + node + " deleted by force", node);
            admin.pods()
                    .inNamespace(namespace)
                    .withName("orders-" + node)
                    .withGracePeriod(0)
                    .delete();
        } else if (draw < 60) {
            restartOperator();
        } else if (draw < 70) {
            story.add("storm " + (storm ? "ends" : "begins"));
            storm = !storm;
        } else if (draw < 78) {
            story.add("watches stand still");
            shaky.stale(true);
            LockSupport.parkNanos(1_500_000_000L);
            shaky.stale(false);
        } else if (draw < 82) {
            story.add("watches are cut");
            shaky.cutWatches();
        } else if (draw < 94) {
            stranger(node);
        } else {
            replaceVolume(node);
        }
    }

    private void edit() {
        switch (random.nextInt(8)) {
            case 0 -> replicas = replicas == 5 ? 3 : 5;
            case 1 -> {
                asleep = true;
                lifecycle = "Hibernated";
            }
            case 2 -> lifecycle = "Running";
            case 3 -> management = management.equals("Managed") ? "Paused" : "Managed";
            case 4 -> image = "good:" + edits;
            case 5 -> size++;
            default -> edits++;
        }
        edits++;
        apply();
        if (lifecycle.equals("Running")) {
            lastAsleep.set(System.nanoTime());
            asleep = false;
        }
    }

    private void apply() {
        var spec = "{replicas: " + replicas + ", lifecycle: " + lifecycle + ", management: " + management
                + ", writerDelay: " + (10 + edits) + "ms, storage: {size: " + size + "Gi, storageClassName: grows}"
                + (image.isEmpty() ? "" : ", image: '" + image + "'") + "}";
        story.add("spec " + spec);
        pods.apply(spec);
    }

    private void restartOperator() {
        var overlap = random.nextBoolean();
        story.add(overlap ? "another operator, then the first one ends" : "the operator ends, another begins");
        if (!overlap) {
            end(operators.removeFirst());
        }
        try {
            operators.add(new RunningOperator(through, namespace));
        } catch (RuntimeException weather) {
            story.add("it could not start: " + weather.getMessage());
        }
        if (overlap && operators.size() > 1) {
            end(operators.removeFirst());
        }
    }

    private void end(RunningOperator operator) {
        operator.close();
        longestPassNanos = Math.max(longestPassNanos, operator.longestPassNanos());
    }

    /// Somebody who should not have.
    private void stranger(int node) {
        switch (random.nextInt(5)) {
            case 0 -> {
                story.add("pod " + node + " labelled leader");
                merge("{\"metadata\":{\"labels\":{\"" + ClusterNames.ROLE_LABEL + "\":\"leader\"}}}", node);
            }
            case 1 -> {
                story.add("services deleted");
                admin.services()
                        .inNamespace(namespace)
                        .withName("orders-leader")
                        .delete();
                admin.services()
                        .inNamespace(namespace)
                        .withName("orders-headless")
                        .delete();
            }
            case 2 -> {
                var count = random.nextInt(replicas + 1);
                fault(
                        "StatefulSet scaled to " + count + " by hand",
                        IntStream.range(count, replicas).toArray());
                admin.apps()
                        .statefulSets()
                        .inNamespace(namespace)
                        .withName("orders")
                        .scale(count);
            }
            case 3 -> {
                story.add("StatefulSet deleted, its pods left alone");
                admin.apps()
                        .statefulSets()
                        .inNamespace(namespace)
                        .withName("orders")
                        .withPropagationPolicy(io.fabric8.kubernetes.api.model.DeletionPropagation.ORPHAN)
                        .delete();
            }
            default -> {
                story.add("LogCluster annotated");
                admin.resources(LogCluster.class)
                        .inNamespace(namespace)
                        .withName("orders")
                        .patch(
                                PatchContext.of(PatchType.JSON_MERGE),
                                "{\"metadata\":{\"annotations\":{\"note\":\"" + random.nextInt() + "\"}}}");
            }
        }
    }

    private void merge(String patch, int node) {
        admin.pods()
                .inNamespace(namespace)
                .withName("orders-" + node)
                .patch(PatchContext.of(PatchType.JSON_MERGE), patch);
    }

    /// Once, and only from a healthy cluster: the loss of two disks of three is not the operator's to mend.
    private void replaceVolume(int node) {
        if (volumeReplaced || !pods.settled()) {
            return;
        }
        volumeReplaced = true;
        fault("volume " + node + " replaced", node);
        admin.persistentVolumeClaims()
                .inNamespace(namespace)
                .withName("data-orders-" + node)
                .delete();
        admin.pods().inNamespace(namespace).withName("orders-" + node).delete();
    }

    private void fault(String what, int... nodes) {
        story.add(what);
        Arrays.stream(nodes).forEach(hit::add);
        lastFault.set(System.nanoTime());
    }

    /// What was ordered takes a while to happen on a machine that has no time. What the operator wanted is no fault.
    private void ended(int node) {
        if (hit.remove(node)) {
            lastFault.set(System.nanoTime());
        }
    }

    private Treatment treat(ShakyApiServer.Request request) {
        judge(request);
        if (!storm) {
            return new Treatment.Pass();
        }
        // Not from `random`: the operator's requests come in an order of their own.
        return switch (java.util.concurrent.ThreadLocalRandom.current().nextInt(12)) {
            case 0 -> request.writes() ? new Treatment.Refuse(409, "Conflict") : new Treatment.Pass();
            case 1 -> new Treatment.Refuse(429, "TooManyRequests");
            case 2 -> new Treatment.Refuse(500, "InternalError");
            case 3 -> new Treatment.LoseAnswer();
            case 4 -> new Treatment.Refuse(403, "Forbidden");
            default -> new Treatment.Pass();
        };
    }

    /// Every request here is the operator's own act.
    private void judge(ShakyApiServer.Request request) {
        var pod = POD.matcher(request.path());
        var harm = "";
        var excuse = lastFault.get();
        if (request.method().equals("DELETE") && pod.matches()) {
            judged.incrementAndGet();
            var of = pods.replicas().harmOfRestarting(Integer.parseInt(pod.group(1)));
            harm = of == null ? "" : of;
        } else if (request.method().equals("PATCH")
                && SET.matcher(request.path()).matches()) {
            judged.incrementAndGet();
            harm = harmOfScaling(request.body());
            excuse = Math.max(excuse, lastAsleep.get());
        }
        if (!harm.isEmpty()) {
            harmful.add(new Act(harm, System.nanoTime() - excuse));
        }
    }

    private List<String> violations() {
        for (var operator : operators) {
            longestPassNanos = Math.max(longestPassNanos, operator.longestPassNanos());
        }
        var found = new ArrayList<>(pods.replicas().violations());
        for (var act : harmful) {
            if (act.behindNanos < EXCUSED_NANOS + longestPassNanos) {
                excused.incrementAndGet();
            } else {
                found.add(act.harm);
            }
        }
        return found;
    }

    private String harmOfScaling(String patch) {
        var found = REPLICAS.matcher(patch);
        if (!found.find() || asleep) {
            return "";
        }
        var count = Integer.parseInt(found.group(1) == null ? found.group(2) : found.group(1));
        var voters = pods.replicas().voters();
        return voters.stream().allMatch(voter -> voter < count)
                ? ""
                : "scaled to " + count + " while " + voters + " vote";
    }

    private void clear() {
        storm = false;
        shaky.stale(false);
        lifecycle = "Running";
        management = "Managed";
        edits++;
        apply();
        // A pass that has read the spec before this edit may still put the cluster to sleep.
        lastAsleep.set(System.nanoTime());
        asleep = false;
        if (operators.isEmpty()) {
            operators.add(new RunningOperator(through, namespace));
        }
    }

    private void converges() {
        try {
            await("converges")
                    .atMost(PATIENCE)
                    .pollInterval(Duration.ofMillis(200))
                    .until(this::asSpecified);
        } catch (org.awaitility.core.ConditionTimeoutException e) {
            throw new AssertionError(
                    namespace + " did not converge: " + pods.cluster().getStatus() + "\n" + told(), e);
        }
        var acknowledged = pods.replicas().acknowledged();
        await("it serves").atMost(PATIENCE).until(() -> pods.replicas().acknowledged() > acknowledged);
        stopping = true;
        assertEquals(List.of(), violations(), this::told);
    }

    private boolean asSpecified() {
        if (!pods.settled() || pods.replicas().voters().size() != replicas) {
            return false;
        }
        for (var node = 0; node < replicas; node++) {
            if (pods.replicas().writerDelayMicros(node) != (10 + edits) * 1_000L) {
                return false;
            }
        }
        var live = admin.pods().inNamespace(namespace).list().getItems();
        var leaders = live.stream()
                .filter(pod -> "leader".equals(pod.getMetadata().getLabels().get(ClusterNames.ROLE_LABEL)))
                .map(pod -> pod.getMetadata().getName())
                .toList();
        return live.size() == replicas
                && leaders.equals(List.of("orders-" + pods.replicas().leader()))
                && (image.isEmpty()
                        || live.stream()
                                .allMatch(pod -> image.equals(
                                        pod.getSpec().getContainers().getFirst().getImage())));
    }

    /// Acts of the operator that could do harm.
    int judged() {
        return judged.get();
    }

    /// Of them, those that did, and may have been decided before a fault.
    int excused() {
        return excused.get();
    }

    private String told() {
        return namespace + ":\n  " + String.join("\n  ", story);
    }

    @Override
    public void close() {
        stopping = true;
        operators.forEach(RunningOperator::close);
        through.close();
        shaky.close();
        pods.close();
        try (var client = plane.client()) {
            client.namespaces().withName(namespace).delete();
            // There is no kubelet any more to end them, and the namespace keeps its addresses until they are gone.
            client.pods().inNamespace(namespace).withGracePeriod(0).delete();
        }
        try {
            writer.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

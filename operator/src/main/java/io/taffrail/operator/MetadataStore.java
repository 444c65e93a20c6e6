package io.taffrail.operator;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.informers.cache.BasicItemStore;
import io.fabric8.kubernetes.client.informers.cache.Cache;
import io.taffrail.operator.crd.LogCluster;
import io.taffrail.operator.crd.LogStream;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// An informer's memory that keeps of each object what tells which cluster has changed. A pass reads everything anew
/// from the API server, so whole objects, of which a good part are managed fields, would be kept for nothing: with them
/// the heap grew by some 400 kB a cluster.
public class MetadataStore<R extends HasMetadata> extends BasicItemStore<R> {
    private final BiFunction<R, ObjectMeta, R> reduced;

    /// @param reduced of an object and its reduced metadata, what is kept
    MetadataStore(BiFunction<R, ObjectMeta, R> reduced) {
        super(Cache::metaNamespaceKeyFunc);
        this.reduced = reduced;
    }

    /// Keeps nothing but metadata in objects of this kind.
    static <R extends HasMetadata> MetadataStore<R> of(Supplier<R> kind) {
        return new MetadataStore<>((whole, metadata) -> bare(kind, metadata));
    }

    private static <R extends HasMetadata> R bare(Supplier<R> kind, ObjectMeta metadata) {
        var kept = kind.get();
        kept.setMetadata(metadata);
        return kept;
    }

    @Override
    public @Nullable R put(String key, R whole) {
        return super.put(key, reduced.apply(whole, metadata(whole.getMetadata())));
    }

    private static ObjectMeta metadata(ObjectMeta whole) {
        var labels = whole.getLabels();
        return new ObjectMetaBuilder()
                .withName(whole.getName())
                .withNamespace(whole.getNamespace())
                .withUid(whole.getUid())
                .withResourceVersion(whole.getResourceVersion())
                .withGeneration(whole.getGeneration())
                .withCreationTimestamp(whole.getCreationTimestamp())
                .withDeletionTimestamp(whole.getDeletionTimestamp())
                .withFinalizers(whole.getFinalizers())
                .withLabels(labels == null ? Map.of() : Map.copyOf(labels))
                .build();
    }

    public static final class OfClusters extends MetadataStore<LogCluster> {
        public OfClusters() {
            super((whole, metadata) -> bare(LogCluster::new, metadata));
        }
    }

    /// With their specs: a LogStream that goes is taken from here, since it may be gone elsewhere.
    public static final class OfStreams extends MetadataStore<LogStream> {
        public OfStreams() {
            super((whole, metadata) -> {
                var kept = bare(LogStream::new, metadata);
                kept.setSpec(whole.getSpec());
                return kept;
            });
        }
    }
}

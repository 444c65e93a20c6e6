package io.taffrail.operator.crd;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.taffrail.operator.crd.LogClusterSpec.Retention;
import org.jspecify.annotations.Nullable;

/// What a user asks of a stream. What is absent is the cluster's default at the time of use.
public record LogStreamSpec(
        @JsonPropertyDescription("The LogCluster, in the same namespace, that holds the stream.")
        @Required
        @ValidationRule(value = "self == oldSelf", message = "clusterRef cannot be changed: create another LogStream")
        ClusterRef clusterRef,

        @JsonPropertyDescription("The stream's name in the log.")
        @Required
        @Size(min = 1, max = 255)
        @Pattern("^[A-Za-z0-9._-]+$")
        @ValidationRule(value = "self == oldSelf", message = "streamName cannot be changed: create another LogStream")
        String streamName,

        @JsonPropertyDescription("When one replica's copy counts. Absent: the cluster's.") @Nullable
        CommitMode commitMode,

        @JsonPropertyDescription("How many copies must count. Absent: the cluster's.") @Nullable
        ReplicationMode replicationMode,

        @JsonPropertyDescription("No append may ask for less. What is absent is the cluster's.") @Nullable
        Minimum minimum,

        @JsonPropertyDescription("How long records are kept. Absent: the cluster's.") @Nullable
        Retention retention,

        @JsonPropertyDescription("What deleting this resource does to the stream and its records.") @Default("Retain")
        DeletionPolicy deletionPolicy,

        @JsonPropertyDescription(
                "Whether a stream that exists already, and that no other LogStream manages, may be taken over.")
        @Default("Never")
        AdoptionPolicy adoptionPolicy) {
    public record ClusterRef(@Required String name) {}

    /// Unlike the cluster's it has no defaults: a mode that nobody asked for would be refused wherever the cluster's
    /// minimum is above it.
    public record Minimum(
            @Nullable CommitMode commitMode, @Nullable ReplicationMode replicationMode) {}

    public enum DeletionPolicy {
        Retain,
        Delete
    }

    public enum AdoptionPolicy {
        Never,
        IfUnmanaged
    }

    public LogStreamSpec {
        deletionPolicy = deletionPolicy == null ? DeletionPolicy.Retain : deletionPolicy;
        adoptionPolicy = adoptionPolicy == null ? AdoptionPolicy.Never : adoptionPolicy;
    }
}

package io.taffrail.operator;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/// What can be set about the operator: `TAFFRAIL_OPERATOR_*` in its environment.
@ConfigMapping(prefix = "taffrail.operator")
public interface OperatorConfig {
    /// Of the server, without a tag: the tag is a cluster's `spec.version`.
    @WithDefault("taffrail/server")
    String serverRepository();

    /// How long a restarted pod must have been ready before the next one is restarted.
    @WithDefault("30s")
    Duration settleTime();

    /// The next look at a cluster where something is under way.
    @WithDefault("2s")
    Duration busyInterval();

    /// The next look at a cluster where nothing is: it stands behind events that were missed.
    @WithDefault("15s")
    Duration idleInterval();
}

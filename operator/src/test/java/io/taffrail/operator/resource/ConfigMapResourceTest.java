package io.taffrail.operator.resource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.taffrail.operator.crd.LogClusterSpec;
import org.junit.jupiter.api.Test;

final class ConfigMapResourceTest {
    private static LogClusterSpec spec(String yaml) throws JsonProcessingException {
        return new ObjectMapper(new YAMLFactory()).readValue(yaml, LogClusterSpec.class);
    }

    @Test
    void dangersReachTheServerOnlyWhenTheyAreNamed() throws JsonProcessingException {
        var safe = ConfigMapResource.startProperties(spec("storage: {size: 1Gi}"));
        assertNull(safe.get("taffrail.unsafe.storage"));
        assertNull(safe.get("taffrail.unsafe.fsync-disabled"));
        var unsafe = ConfigMapResource.startProperties(
                spec("{storage: {size: 1Gi}, unsafe: {allowUnfitStorage: true, fsyncDisabled: true}}"));
        assertEquals("true", unsafe.get("taffrail.unsafe.storage"));
        assertEquals("true", unsafe.get("taffrail.unsafe.fsync-disabled"));
    }
}

package io.taffrail.operator.resource;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.taffrail.operator.plan.Sight;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class PodResourceTest {
    /// An operator that makes another text of a spec that nobody has edited restarts every pod of every cluster when
    /// it is upgraded. A field that is new must therefore be absent from this text as long as it is absent from the
    /// spec.
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
                    ~~ | {"version":"0.1.0","io":{"method":"Auto","direct":true},"podTemplate":{}} | 30d9d6ab87dad519
                    version: 0.2.0; image: 'mirror/server:1'; io: {method: Worker, direct: false}; tls: {secretName: s} | {"version":"0.2.0","image":"mirror/server:1","io":{"method":"Worker","direct":false},"tlsSecret":"s","podTemplate":{}} | 56179709edf93c95
                    unsafe: {fsyncDisabled: true, allowUnfitStorage: true, allowDowngrade: true} | {"version":"0.1.0","io":{"method":"Auto","direct":true},"fsyncDisabled":true,"unfitStorageAllowed":true,"podTemplate":{}} | 0eae04127a069d65
                    podTemplate: {labels: {team: ''}, resources: {limits: {memory: 2Gi}}, tolerations: [{key: a, operator: Exists}]} | {"version":"0.1.0","io":{"method":"Auto","direct":true},"podTemplate":{"labels":{"team":""},"resources":{"limits":{"memory":"2Gi"}},"tolerations":[{"key":"a","operator":"Exists"}]}} | 79ab3c32e9dd0d3a
                    """)
    void whatThePodsAreMadeFromIsWhatTheSpecSaysAndNothingElse(String spec, String text, String digest) {
        var inputs = PodResource.inputs(Sight.spec(spec.replace("; ", "\n")));
        assertEquals(text, Digest.text(inputs));
        assertEquals(digest, Digest.of(inputs));
    }
}

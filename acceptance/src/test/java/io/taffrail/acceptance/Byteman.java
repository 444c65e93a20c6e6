package io.taffrail.acceptance;

import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;

/// Rules that change what a program's classes, and the JDK's, do.
final class Byteman {
    private Byteman() {}

    /// What a JVM is started with, for the rules of a file in `src/test/byteman`.
    static List<String> rules(String file) throws ClassNotFoundException, URISyntaxException {
        var agent = Path.of(Class.forName("org.jboss.byteman.agent.Main")
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        var rules = Programs.CHECKOUT.resolve("acceptance/src/test/byteman").resolve(file);
        return List.of(
                // Classes of the JDK, too.
                "-Dorg.jboss.byteman.transform.all", "-javaagent:" + agent + "=script:" + rules + ",boot:" + agent);
    }
}

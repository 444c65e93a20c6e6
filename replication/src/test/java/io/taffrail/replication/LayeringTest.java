package io.taffrail.replication;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.nio.file.Files;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;

/// The package table of docs/ARCHITECTURE.md, and what would make a simulated run differ from its repetition.
@AnalyzeClasses(packages = "io.taffrail.replication", importOptions = ImportOption.DoNotIncludeTests.class)
class LayeringTest {
    private static final String SHELL = "io.taffrail.replication";
    private static final String PORT = "io.taffrail.replication.port";
    private static final String PROTOCOL = "io.taffrail.replication.protocol";
    private static final String CODEC = "io.taffrail.replication.codec";
    private static final String OURS = "io.taffrail..";

    @ArchTest
    static final ArchRule theProtocolDependsOnNothingOfOurs = noClasses()
            .that()
            .resideInAPackage(PROTOCOL)
            .should()
            .dependOnClassesThat(resideInAPackage(OURS).and(not(resideInAPackage(PROTOCOL))));

    @ArchTest
    static final ArchRule theCodecKnowsTheProtocolAlone = noClasses()
            .that()
            .resideInAPackage(CODEC)
            .should()
            .dependOnClassesThat(
                    resideInAPackage(OURS).and(not(resideInAPackage(CODEC).or(resideInAPackage(PROTOCOL)))));

    @ArchTest
    static final ArchRule portsDependOnNothingOfOurs = noClasses()
            .that()
            .resideInAPackage(PORT)
            .should()
            .dependOnClassesThat(resideInAPackage(OURS).and(not(resideInAPackage(PORT))));

    @ArchTest
    static final ArchRule noCycles =
            slices().matching("io.taffrail.(replication.*..)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule noClockThreadOrChanceOfItsOwn = noClasses()
            .that()
            .resideInAnyPackage(SHELL, PROTOCOL, CODEC, PORT)
            .should()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(System.class, "identityHashCode", Object.class)
            .orShould()
            .callMethod(Math.class, "random")
            .orShould()
            .callMethod(UUID.class, "randomUUID")
            .orShould()
            .dependOnClassesThat()
            .belongToAnyOf(
                    Thread.class,
                    Executors.class,
                    CompletableFuture.class,
                    ThreadLocalRandom.class,
                    Random.class,
                    Files.class)
            .orShould()
            .dependOnClassesThat()
            .resideInAnyPackage("java.time..", "java.net..", "java.nio.channels..", "java.lang.foreign..");

    /// The order of a hash map's keys may differ from run to run; in the core any order may reach an effect.
    @ArchTest
    static final ArchRule theCoreIteratesInOrder = noClasses()
            .that()
            .resideInAPackage(PROTOCOL)
            .should()
            .dependOnClassesThat()
            .belongToAnyOf(HashMap.class, HashSet.class, Executor.class);
}

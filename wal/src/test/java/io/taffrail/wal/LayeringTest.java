package io.taffrail.wal;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;

/// The package table of docs/ARCHITECTURE.md, and what would make a simulated run differ from its repetition.
@AnalyzeClasses(packages = "io.taffrail.wal", importOptions = ImportOption.DoNotIncludeTests.class)
class LayeringTest {
    private static final String FACE = "io.taffrail.wal";
    private static final String SEGMENT = "io.taffrail.wal.segment";
    private static final String RECORD = "io.taffrail.wal.record";
    private static final String IO = "io.taffrail.wal.io";
    private static final String IO_METHODS = "io.taffrail.wal.io.*..";

    @ArchTest
    static final ArchRule recordsDependOnNothing = noClasses()
            .that()
            .resideInAPackage(RECORD)
            .should()
            .dependOnClassesThat(resideInAPackage("io.taffrail..").and(not(resideInAPackage(RECORD))));

    @ArchTest
    static final ArchRule segmentsKnowRecordsAndTheDoorToTheDisk = noClasses()
            .that()
            .resideInAPackage(SEGMENT)
            .should()
            .dependOnClassesThat(resideInAPackage("io.taffrail..")
                    .and(not(resideInAPackage(SEGMENT)
                            .or(resideInAPackage(RECORD))
                            .or(resideInAPackage(IO)))));

    @ArchTest
    static final ArchRule theEngineKnowsNoIoMethod = noClasses()
            .that()
            .resideInAnyPackage(FACE, SEGMENT, RECORD, IO)
            .should()
            .dependOnClassesThat()
            .resideInAPackage(IO_METHODS);

    @ArchTest
    static final ArchRule noCycles =
            slices().matching("io.taffrail.(wal.*..)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule noClockThreadOrChanceOfItsOwn = noClasses()
            .that()
            .resideInAnyPackage(FACE, SEGMENT, RECORD)
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
            .belongToAnyOf(Thread.class, Executor.class, CompletableFuture.class, ThreadLocalRandom.class, Random.class)
            .orShould()
            .dependOnClassesThat()
            .resideInAnyPackage("java.time..", "java.net..", "java.lang.foreign..");

    @ArchTest
    static final ArchRule noDiskButThroughTheDoor = noClasses()
            .that()
            .resideInAnyPackage(FACE, SEGMENT, RECORD)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("java.nio.file..", "java.nio.channels..")
            .orShould()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.io.File");
}

package io.taffrail.streams;

import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/// What the package may use, and what would make two replicas differ that applied the same log.
@AnalyzeClasses(packages = "io.taffrail.streams", importOptions = DoNotIncludeTests.class)
class LayeringTest {
    @ArchTest
    static final ArchRule USES_ENTRIES_AND_FILES_AND_NOTHING_ELSE = classes()
            .that()
            .resideInAPackage("io.taffrail.streams")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(
                    "io.taffrail.streams",
                    "io.taffrail.wal.record",
                    "io.taffrail.wal.io",
                    "java.lang..",
                    "java.util..",
                    "java.io..",
                    "java.nio..",
                    "org.jspecify.annotations");

    @ArchTest
    static final ArchRule NO_CLOCK_NO_CHANCE_NO_THREAD = noClasses()
            .should()
            .callMethodWhere(target(owner(assignableTo(System.class)))
                    .and(target(nameMatching("nanoTime|currentTimeMillis|identityHashCode"))))
            .orShould()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.util.Random")
            .orShould()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.util.UUID")
            .orShould()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.util.concurrent.ThreadLocalRandom")
            .orShould()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.util.concurrent.Executors")
            .orShould()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.util.concurrent.CompletableFuture")
            .orShould()
            .callMethodWhere(target(owner(assignableTo(Thread.class)))
                    .and(target(nameMatching("start|sleep|startVirtualThread|ofVirtual|ofPlatform"))))
            .orShould()
            .callMethodWhere(target(owner(assignableTo(Math.class))).and(target(nameMatching("random"))));

    @ArchTest
    static final ArchRule NO_DOOR_TO_THE_DISK_BUT_THE_DIRECTORY = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("java.nio.file..", "java.nio.channels..", "java.net..")
            .orShould()
            .dependOnClassesThat()
            .haveNameMatching("java\\.io\\.(File|RandomAccessFile|FileInputStream|FileOutputStream)");
}

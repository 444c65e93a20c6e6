package io.taffrail.service;

import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;

/// Who may use whom in this module, as service/README.md draws it.
@AnalyzeClasses(packages = "io.taffrail.service", importOptions = ImportOption.DoNotIncludeTests.class)
class LayeringTest {
    @ArchTest
    static final ArchRule layers = layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .layer("wiring")
            .definedBy("io.taffrail.service")
            .layer("control")
            .definedBy("io.taffrail.service.control")
            .layer("api")
            .definedBy("io.taffrail.service.api")
            .layer("peer")
            .definedBy("io.taffrail.service.peer")
            .layer("telemetry")
            .definedBy("io.taffrail.service.telemetry")
            .layer("host")
            .definedBy("io.taffrail.service.host")
            .layer("rpc")
            .definedBy("io.taffrail.service.rpc")
            .layer("accept")
            .definedBy("io.taffrail.service.accept")
            .whereLayer("wiring")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("control")
            .mayOnlyBeAccessedByLayers("wiring")
            .whereLayer("peer")
            .mayOnlyBeAccessedByLayers("wiring")
            .whereLayer("api")
            .mayOnlyBeAccessedByLayers("wiring", "control")
            .whereLayer("telemetry")
            .mayOnlyBeAccessedByLayers("wiring", "control", "api")
            .whereLayer("host")
            .mayOnlyBeAccessedByLayers("wiring", "control", "api", "peer", "telemetry")
            .whereLayer("rpc")
            .mayOnlyBeAccessedByLayers("wiring", "control", "api", "peer")
            .whereLayer("accept")
            .mayOnlyBeAccessedByLayers("wiring", "rpc", "telemetry");

    @ArchTest
    static final ArchRule noCycles =
            slices().matching("io.taffrail.service.(*)..").should().beFreeOfCycles();

    /// `ThreadLimit` ends those that it starts before anything else is there.
    @ArchTest
    static final ArchRule threadsStartInOnePlace = ArchRuleDefinition.noClasses()
            .that()
            .haveNameNotMatching(".*\\.(ServiceWiring(\\$.*)?|ThreadLimit)")
            .should()
            .callMethod(Thread.class, "ofPlatform")
            .orShould()
            .callMethod(Thread.class, "start")
            .orShould()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.util.concurrent.Executors");

    @ArchTest
    static final ArchRule theHostKnowsNoHttp = ArchRuleDefinition.noClasses()
            .that()
            .resideInAPackage("io.taffrail.service.host")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.vertx..", "io.grpc..", "io.quarkus..");
}

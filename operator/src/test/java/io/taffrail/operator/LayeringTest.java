package io.taffrail.operator;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "io.taffrail.operator", importOptions = DoNotIncludeTests.class)
final class LayeringTest {
    private static final String[] FRAMEWORKS = {
        "io.quarkus..", "io.javaoperatorsdk..", "io.quarkiverse..", "jakarta..", "io.smallrye.."
    };

    @ArchTest
    static final ArchRule packagesAreATree =
            slices().matching("io.taffrail.operator.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule plansKnowNoFramework = noClasses()
            .that()
            .resideInAnyPackage("..operator.plan..", "..operator.report..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.fabric8..", "io.quarkus..", "io.javaoperatorsdk..", "io.grpc..", "jakarta..");

    @ArchTest
    static final ArchRule plansHaveNoClockAndNoChance = noClasses()
            .that()
            .resideInAnyPackage("..operator.plan..", "..operator.report..", "..operator.resource..")
            .should()
            .callMethod(java.time.Instant.class, "now")
            .orShould()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(java.util.UUID.class, "randomUUID")
            .orShould()
            .dependOnClassesThat()
            .haveSimpleNameContaining("Random");

    @ArchTest
    static final ArchRule buildersKnowTheModelAlone = noClasses()
            .that()
            .resideInAnyPackage("..operator.resource..", "..operator.crd..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(FRAMEWORKS);

    @ArchTest
    static final ArchRule observersChangeNothing = noClasses()
            .that()
            .resideInAPackage("..operator.observe..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("..operator.apply..", "..operator.plan..");
}

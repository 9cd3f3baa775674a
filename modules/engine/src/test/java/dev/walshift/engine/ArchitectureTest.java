package dev.walshift.engine;

import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.time.Clock;
import java.time.Duration;
import java.util.Date;

/** The direction of dependencies: postgres, then engine's values, then journal, then the stages, then the conductor. */
@AnalyzeClasses(packages = "dev.walshift", importOptions = DoNotIncludeTests.class)
final class ArchitectureTest {
    private static final String[] STAGES = {
        "dev.walshift.engine.plan..",
        "dev.walshift.engine.changes..",
        "dev.walshift.engine.copy..",
        "dev.walshift.engine.index..",
        "dev.walshift.engine.sync..",
        "dev.walshift.engine.verify..",
        "dev.walshift.engine.cutover.."
    };

    @ArchTest
    static final ArchRule POSTGRES_KNOWS_NO_MIGRATIONS = noClasses()
            .that()
            .resideInAPackage("dev.walshift.postgres..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.walshift.engine..");

    @ArchTest
    static final ArchRule VALUES_KNOW_NO_STAGE = noClasses()
            .that()
            .resideInAnyPackage(
                    "dev.walshift.engine",
                    "dev.walshift.engine.table..",
                    "dev.walshift.engine.pace..",
                    "dev.walshift.engine.journal..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(STAGES);

    @ArchTest
    static final ArchRule ONLY_THE_CONDUCTOR_KNOWS_THE_CONDUCTOR = noClasses()
            .that()
            .resideOutsideOfPackage("dev.walshift.engine.migration..")
            .and()
            .resideInAPackage("dev.walshift.engine..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.walshift.engine.migration..");

    @ArchTest
    static final ArchRule STAGES_DO_NOT_KNOW_EACH_OTHER = slices().matching(
                    "dev.walshift.engine.(plan|changes|copy|index|sync|verify|cutover)..")
            .should()
            .notDependOnEachOther();

    /** Clocks step: a timeout counted by one would end early, or never. */
    @ArchTest
    static final ArchRule TIME_IS_MONOTONIC = noClasses()
            .that()
            .resideInAnyPackage("dev.walshift.engine..", "dev.walshift.postgres..")
            .should()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callConstructor(Date.class)
            .orShould()
            .callMethodWhere(target(name("now")).and(target(owner(resideInAPackage("java.time..")))))
            .orShould()
            .dependOnClassesThat()
            .belongToAnyOf(Clock.class);

    @ArchTest
    static final ArchRule NOBODY_SLEEPS = noClasses()
            .should()
            .callMethod(Thread.class, "sleep", long.class)
            .orShould()
            .callMethod(Thread.class, "sleep", Duration.class);
}

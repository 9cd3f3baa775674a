package dev.walshift.engine.pace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.postgres.Session;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LimitsTest {
    private static final long MB = 1L << 20;
    private static final long GB = 1L << 30;

    private static Limits limits(Optional<Long> slotWal, Optional<Long> serverKeeps) {
        return new Limits(new Limit<>(slotWal), Limit.off(), Limit.off(), Limit.off(), serverKeeps);
    }

    @ParameterizedTest
    @OnMajors
    void takesTheTablesSizeWhereTheServerKeepsEverything(ServerVersion version) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(version);
                Session session = new Session(database.connect())) {
            Limits limits = Limits.inEffect(session, Budgets.DEFAULT, 7 * GB);

            assertThat(limits)
                    .isEqualTo(new Limits(
                            Limit.at(7 * GB),
                            Limit.at(10 * GB),
                            Limit.at(Duration.ofHours(2)),
                            Limit.off(),
                            Optional.empty()));
        }
    }

    @Test
    void staysBelowWhatTheServerKeeps() throws Exception {
        try (PostgresServer server = PostgresServer.start(
                        PostgresServer.defaultMajors().getLast(),
                        Map.of("max_slot_wal_keep_size", "1000MB", "wal_keep_size", "100MB"));
                Session session = new Session(server.connect())) {
            assertThat(Limits.inEffect(session, Budgets.DEFAULT, 7 * GB)
                            .slotWalBytes()
                            .most())
                    .hasValueSatisfying(most -> assertThat(most).isBetween(799 * MB, 800 * MB));

            server.configure(Map.of("wal_keep_size", "2000MB"));
            try (Session later = new Session(server.connect())) {
                // What is kept for everybody is kept for the slot, too.
                assertThat(Limits.inEffect(later, Budgets.DEFAULT, 7 * GB).serverKeepsBytes())
                        .contains(2_000 * MB);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 4", "7, 7", "500, 64"})
    void theTablesSizeCountsBetween4And64Gigabytes(long tableGigabytes, long limitGigabytes) {
        assertThat(Limits.defaultSlotWal(Optional.empty(), tableGigabytes * GB)).isEqualTo(limitGigabytes * GB);
    }

    @Test
    void aSlotIsLeftTheWalBetweenTwoOfItsSteps() {
        assertThat(Limits.defaultSlotWal(Optional.of(0L), 7 * GB)).isEqualTo(64 * MB);
    }

    @Test
    void warnsOfIndexesThatWriteMoreThanTheSlotMayKeep() {
        Limits limits = limits(Optional.of(4 * GB), Optional.empty());

        assertThat(limits.notices(4 * GB, Duration.ZERO)).isEmpty();
        assertThat(limits.notices(5 * GB, Duration.ZERO))
                .singleElement()
                .asString()
                .contains("5.0 GB of WAL", "the limit of 4.0 GB");
    }

    @Test
    void warnsOfABuildThatMayHoldVacuumBackForTooLong() {
        Duration most = Duration.ofHours(2);
        Limits limits = new Limits(Limit.off(), Limit.off(), Limit.at(most), Limit.off(), Optional.empty());

        assertThat(limits.notices(0, most)).isEmpty();
        assertThat(limits.notices(0, most.plusMinutes(5)))
                .singleElement()
                .asString()
                .contains("may take 2 h 05 min", "the limit of 2 h 00 min", "--indexes-first");
    }

    @Test
    void warnsOfALimitThatTheServersOwnComesBefore() {
        assertThat(limits(Optional.of(GB), Optional.of(GB)).notices(0, Duration.ZERO))
                .isEmpty();
        for (Limits higher :
                List.of(limits(Optional.of(2 * GB), Optional.of(GB)), limits(Optional.empty(), Optional.of(GB)))) {
            assertThat(higher.notices(0, Duration.ZERO))
                    .singleElement()
                    .asString()
                    .contains("more than 1.0 GB", "max_slot_wal_keep_size");
        }
        assertThat(limits(Optional.empty(), Optional.empty()).notices(0, Duration.ZERO))
                .isEmpty();
    }
}

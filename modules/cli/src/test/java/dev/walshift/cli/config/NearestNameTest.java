package dev.walshift.cli.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class NearestNameTest {
    private static final List<String> KNOWN = List.of("url", "table", "alter", "column-order", "drop-retired");

    @Test
    void countsInsertionsDeletionsAndReplacements() {
        assertThat(NearestName.distance("", "abc")).isEqualTo(3);
        assertThat(NearestName.distance("abc", "")).isEqualTo(3);
        assertThat(NearestName.distance("kitten", "sitting")).isEqualTo(3);
        assertThat(NearestName.distance("same", "same")).isZero();
    }

    @Test
    void findsWhatWasMeant() {
        assertThat(NearestName.of("tabel", KNOWN)).contains("table");
        assertThat(NearestName.of("ul", KNOWN)).contains("url");
        assertThat(NearestName.of("columnOrder", KNOWN)).contains("column-order");
        assertThat(NearestName.of("drop_retired", KNOWN)).contains("drop-retired");
    }

    @Test
    void doesNotGuessWhenNothingIsNear() {
        assertThat(NearestName.of("password", KNOWN)).isEmpty();
        assertThat(NearestName.of("", KNOWN)).isEmpty();
    }
}

package dev.walshift.engine.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.engine.verify.Heaps.Part;
import dev.walshift.postgres.QualifiedName;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Pages counted through several files. */
class HeapsTest {
    private static final List<QualifiedName> TABLES =
            IntStream.range(0, 4).mapToObj(i -> QualifiedName.of("s", "t" + i)).toList();
    private static final Heaps HEAPS = new Heaps(TABLES, List.of(3L, 0L, 5L, 2L));

    private static Part part(int table, long from, long to) {
        return new Part(TABLES.get(table), new PageRange(from, to));
    }

    @Test
    void everyPageIsInItsFileOnce() {
        assertThat(HEAPS.total()).isEqualTo(10);
        assertThat(HEAPS.locate(List.of(new PageRange(0, 10))))
                .containsExactly(part(0, 0, 3), part(2, 0, 5), part(3, 0, 2));
        assertThat(HEAPS.locate(List.of(new PageRange(2, 3), new PageRange(3, 4), new PageRange(6, 9))))
                .containsExactly(part(0, 2, 3), part(2, 0, 1), part(2, 3, 5), part(3, 0, 1));
    }

    @Test
    void aStepMeetsSoManyFilesAtMost() {
        int many = 2 * Heaps.MOST_AT_ONCE;
        Heaps heaps = new Heaps(Collections.nCopies(many, TABLES.getFirst()), Collections.nCopies(many, 4L));

        assertThat(heaps.atOnce(0, 1_000)).isEqualTo(4L * Heaps.MOST_AT_ONCE);
        assertThat(heaps.atOnce(6, 1_000)).isEqualTo(4L * Heaps.MOST_AT_ONCE - 2);
        assertThat(heaps.atOnce(0, 7)).isEqualTo(7);
        assertThat(heaps.atOnce(4L * many - 1, 1_000)).isEqualTo(1_000);
    }

    @Test
    void aScanOfOtherFilesIsRefused() {
        assertThatThrownBy(() -> new Heaps(TABLES, List.of(1L))).hasMessage("4 tables, but pages of 1");
    }
}

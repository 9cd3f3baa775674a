package dev.walshift.engine.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which pages are compared: all of them, each once, or a sample that leaves no part of the table out. */
class PageSelectionTest {
    private static final OptionalLong EVERY_PAGE = OptionalLong.empty();
    private static final long SMALL = (long) PageSelection.RUN * PageSelection.LEAST_STRATA;

    private static List<PageRange> ranges(PageSelection selection, long wanted) {
        List<PageRange> ranges = new ArrayList<>();
        for (long from = 0; from < selection.pages(); ) {
            PageSelection.Batch batch = selection.next(from, wanted, 3);
            assertThat(batch.ranges()).isNotEmpty();
            assertThat(batch.next()).isGreaterThan(from).isLessThanOrEqualTo(selection.pages());
            ranges.addAll(batch.ranges());
            from = batch.next();
        }
        return ranges;
    }

    private static void assertEveryPageIsTakenOnce(List<PageRange> ranges, long pages) {
        long next = 0;
        for (PageRange range : ranges) {
            assertThat(range.from()).isEqualTo(next);
            next = range.to();
        }
        assertThat(next).isEqualTo(pages);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 7, 512, 513, 100_000})
    void withoutASeedEveryPageIsTaken(long pages) {
        assertEveryPageIsTakenOnce(ranges(new PageSelection(pages, EVERY_PAGE), 512), pages);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 8, 255, 257, 2_048})
    void ofASmallTableTheSampleIsEveryPage(long pages) {
        assertThat(pages).isLessThanOrEqualTo(SMALL);
        assertEveryPageIsTakenOnce(ranges(new PageSelection(pages, OptionalLong.of(1)), 512), pages);
    }

    @ParameterizedTest
    @ValueSource(longs = {2_304, 2_305, 10_000, 204_799, 204_800, 204_801, 1_000_003})
    void aSampleIsEvenlySpread(long pages) {
        List<PageRange> ranges = ranges(new PageSelection(pages, OptionalLong.of(pages)), 1 << 17);

        long largestGap = 0;
        long end = 0;
        long taken = 0;
        for (PageRange range : ranges) {
            assertThat(range.from()).isGreaterThanOrEqualTo(end);
            largestGap = Math.max(largestGap, range.from() - end);
            end = range.to();
            taken += range.pages();
        }
        assertThat(end).isLessThanOrEqualTo(pages);
        largestGap = Math.max(largestGap, pages - end);
        assertThat(ranges).hasSizeGreaterThanOrEqualTo(PageSelection.LEAST_STRATA);
        assertThat(taken).isGreaterThanOrEqualTo(Math.min(SMALL, pages / 100)).isLessThan(pages);
        assertThat(largestGap).isLessThan(2 * Math.min(800, pages / PageSelection.LEAST_STRATA));
    }

    @Test
    void anInterruptedSampleGoesOnWithTheSamePages() {
        PageSelection selection = new PageSelection(1_000_003, OptionalLong.of(4711));
        List<PageRange> whole = ranges(selection, 1 << 17);

        assertThat(ranges(selection, 1)).isEqualTo(whole);
        assertThat(ranges(new PageSelection(1_000_003, OptionalLong.of(4712)), 1 << 17))
                .isNotEqualTo(whole);
    }

    @Test
    void aStepIsNeitherLargerThanWantedNorAStatementOfManyBranches() {
        PageSelection every = new PageSelection(10_000, EVERY_PAGE);
        PageSelection sample = new PageSelection(1_000_000, OptionalLong.of(1));

        assertThat(every.next(0, 100, 4).next()).isEqualTo(100);
        assertThat(every.next(0, 100, 4).ranges()).hasSize(4);
        assertThat(sample.next(0, 20, 4).ranges()).hasSize(3);
        assertThat(sample.next(0, 1 << 17, 4).ranges()).hasSize(16);
    }
}

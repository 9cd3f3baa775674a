package dev.walshift.benchmark;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Medians as bars with minimum and maximum as whiskers, in SVG that reads in a light and in a dark page. */
final class BarChart {
    private static final int WIDTH = 760;
    private static final int LABELS = 230;
    private static final int FIGURES = 60;
    private static final int ROW = 26;
    private static final int TOP = 40;
    private static final String[] COLOURS = {"#2a7fb8", "#b85c2a"};

    private final String title;
    private final List<Bar> bars = new ArrayList<>();

    BarChart(String title) {
        this.title = title;
    }

    private record Bar(String label, Series series, boolean ours) {}

    /** @param ours drawn in another colour than the others */
    void add(String label, Series series, boolean ours) {
        bars.add(new Bar(label, series, ours));
    }

    String svg() {
        double most = bars.stream().mapToDouble(bar -> bar.series().max()).max().orElse(1);
        double scale = (WIDTH - LABELS - FIGURES) / most;
        Svg svg = new Svg(WIDTH, TOP + ROW * bars.size() + 10);
        svg.text(10, 22, title, "font-size=\"15\" font-weight=\"bold\"");
        int y = TOP;
        for (Bar bar : bars) {
            double length = bar.series().median() * scale;
            svg.text(LABELS - 8, y + 15, bar.label(), "text-anchor=\"end\"");
            svg.rectangle(LABELS, y + 3, length, ROW - 8, COLOURS[bar.ours() ? 0 : 1]);
            svg.line(
                    LABELS + bar.series().min() * scale,
                    y + 12,
                    LABELS + bar.series().max() * scale,
                    y + 12);
            String figure = String.format(Locale.ROOT, "%.1f", bar.series().median());
            svg.text(LABELS + bar.series().max() * scale + 6, y + 16, figure, "");
            y += ROW;
        }
        return svg.toString();
    }
}

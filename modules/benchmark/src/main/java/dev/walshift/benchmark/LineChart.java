package dev.walshift.benchmark;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Curves over the same axis, in SVG that reads in a light and in a dark page. */
final class LineChart {
    private static final int WIDTH = 760;
    private static final int HEIGHT = 320;
    private static final int LEFT = 60;
    private static final int RIGHT = 20;
    private static final int TOP = 40;
    private static final int BOTTOM = 60;
    private static final int STEPS = 5;
    private static final String[] COLOURS = {"#2a7fb8", "#3aa657", "#b85c2a", "#8a5bb8"};

    private final String title;
    private final String axis;
    private final List<Curve> curves = new ArrayList<>();

    LineChart(String title, String axis) {
        this.title = title;
        this.axis = axis;
    }

    private record Curve(String label, List<Svg.Point> points) {}

    void add(String label, List<Svg.Point> points) {
        curves.add(new Curve(label, points));
    }

    String svg() {
        List<Svg.Point> all =
                curves.stream().flatMap(curve -> curve.points().stream()).toList();
        double first = all.stream().mapToDouble(Svg.Point::x).min().orElse(0);
        double last = all.stream().mapToDouble(Svg.Point::x).max().orElse(1);
        double most = all.stream().mapToDouble(Svg.Point::y).max().orElse(1);
        double perX = (WIDTH - LEFT - RIGHT) / Math.max(1e-9, last - first);
        double perY = (HEIGHT - TOP - BOTTOM) / Math.max(1e-9, most);
        Svg svg = new Svg(WIDTH, HEIGHT);
        svg.text(10, 22, title, "font-size=\"15\" font-weight=\"bold\"");
        int bottom = HEIGHT - BOTTOM;
        for (int step = 0; step <= STEPS; step++) {
            double y = most * step / STEPS;
            svg.line(LEFT, bottom - y * perY, WIDTH - RIGHT, bottom - y * perY);
            svg.text(LEFT - 6, bottom - y * perY + 4, String.format(Locale.ROOT, "%.0f", y), "text-anchor=\"end\"");
            double x = first + (last - first) * step / STEPS;
            svg.text(
                    LEFT + (x - first) * perX,
                    bottom + 16,
                    String.format(Locale.ROOT, "%.0f", x),
                    "text-anchor=\"middle\"");
        }
        svg.text(WIDTH - RIGHT, bottom + 32, axis, "text-anchor=\"end\"");
        int label = LEFT;
        for (int i = 0; i < curves.size(); i++) {
            Curve curve = curves.get(i);
            String colour = COLOURS[i % COLOURS.length];
            svg.curve(
                    curve.points().stream()
                            .map(point -> new Svg.Point(LEFT + (point.x() - first) * perX, bottom - point.y() * perY))
                            .toList(),
                    colour);
            svg.rectangle(label, HEIGHT - 16, 10, 10, colour);
            svg.text(label + 14, HEIGHT - 7, curve.label(), "");
            label += 30 + 7 * curve.label().length();
        }
        return svg.toString();
    }
}

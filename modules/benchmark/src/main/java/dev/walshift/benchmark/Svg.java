package dev.walshift.benchmark;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** A picture; colours that are seen on white and on black. */
final class Svg {
    private static final String INK = "#808080";

    private final StringBuilder text = new StringBuilder();

    Svg(int width, int height) {
        add(String.format(
                Locale.ROOT,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\""
                        + " font-family=\"sans-serif\" font-size=\"12\">",
                width,
                height,
                width));
    }

    /** A corner of a curve. */
    record Point(double x, double y) {}

    void text(double x, double y, String words, String attributes) {
        add(String.format(
                Locale.ROOT,
                "<text x=\"%.1f\" y=\"%.1f\" fill=\"%s\" %s>%s</text>",
                x,
                y,
                INK,
                attributes,
                escaped(words)));
    }

    void rectangle(double x, double y, double width, double height, String colour) {
        add(String.format(
                Locale.ROOT,
                "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>",
                x,
                y,
                width,
                height,
                colour));
    }

    void line(double x1, double y1, double x2, double y2) {
        add(String.format(
                Locale.ROOT,
                "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>",
                x1,
                y1,
                x2,
                y2,
                INK));
    }

    void curve(List<Point> points, String colour) {
        String corners = points.stream()
                .map(point -> String.format(Locale.ROOT, "%.1f,%.1f", point.x(), point.y()))
                .collect(Collectors.joining(" "));
        add(String.format(
                Locale.ROOT,
                "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\"/>",
                corners,
                colour));
    }

    private void add(String element) {
        text.append(element).append('\n');
    }

    private static String escaped(String words) {
        return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }

    @Override
    public String toString() {
        return text + "</svg>\n";
    }
}

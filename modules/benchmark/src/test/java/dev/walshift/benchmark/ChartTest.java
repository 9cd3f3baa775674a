package dev.walshift.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

class ChartTest {
    @Test
    void barsAreAsLongAsTheirMedians() throws Exception {
        BarChart chart = new BarChart("Seconds & <more>");
        chart.add("ours", new Series(List.of(1.0)), true);
        chart.add("theirs", new Series(List.of(2.0)), false);

        Document svg = parse(chart.svg());

        double ours = width(svg, 0);
        assertThat(width(svg, 1)).isEqualTo(2 * ours);
        assertThat(svg.getDocumentElement().getTextContent()).contains("Seconds & <more>", "ours", "theirs");
    }

    @Test
    void curvesStayWithinThePicture() throws Exception {
        LineChart chart = new LineChart("Rate", "seconds");
        chart.add("a", List.of(new Svg.Point(-5, 10), new Svg.Point(0, 0), new Svg.Point(5, 1000)));

        Document svg = parse(chart.svg());

        String points = svg.getElementsByTagName("polyline")
                .item(0)
                .getAttributes()
                .getNamedItem("points")
                .getNodeValue();
        assertThat(points).isEqualTo("60.0,257.8 400.0,260.0 740.0,40.0");
    }

    private static double width(Document svg, int bar) {
        return Double.parseDouble(svg.getElementsByTagName("rect")
                .item(bar)
                .getAttributes()
                .getNamedItem("width")
                .getNodeValue());
    }

    private static Document parse(String svg) throws Exception {
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(svg)));
    }
}

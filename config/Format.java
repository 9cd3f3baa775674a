import static com.palantir.javaformat.java.JavaFormatterOptions.Style.PALANTIR;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.palantir.javaformat.java.Formatter;
import com.palantir.javaformat.java.FormatterException;
import com.palantir.javaformat.java.JavaFormatterOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Checks or applies the format of the Java files below some folders: {@code Format check|apply <folder>...}.
 *
 * <p>A program of its own, started by the build on the JDK that compiles: the formatter borrows the parser of the JDK it
 * runs on, so inside a Maven that runs on JDK 17 (as a Spotless step does) it cannot read Java 21.
 */
final class Format {
    private static final Formatter FORMATTER = Formatter.createFormatter(
            JavaFormatterOptions.builder().style(PALANTIR).build());

    private Format() {}

    public static void main(String[] args) throws IOException {
        boolean apply = switch (args[0]) {
            case "apply" -> true;
            case "check" -> false;
            default -> throw new IllegalArgumentException("format is check or apply, got " + args[0]);
        };
        List<Path> unformatted = new ArrayList<>();
        for (String folder : List.of(args).subList(1, args.length)) {
            for (Path file : javaFiles(Path.of(folder))) {
                if (!formatted(file, apply)) {
                    unformatted.add(file);
                }
            }
        }
        unformatted.forEach(file -> System.err.println((apply ? "formatted " : "not formatted: ") + file));
        if (!apply && !unformatted.isEmpty()) {
            System.err.println("To format them: mvn -N -Pformat validate");
            System.exit(1);
        }
    }

    private static List<Path> javaFiles(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.toString().endsWith(".java"))
                    .sorted()
                    .toList();
        }
    }

    private static boolean formatted(Path file, boolean apply) throws IOException {
        try {
            String before = Files.readString(file, UTF_8);
            String after = FORMATTER.formatSourceAndFixImports(before);
            if (!after.equals(before) && apply) {
                Files.writeString(file, after, UTF_8);
            }
            return after.equals(before);
        } catch (FormatterException e) {
            throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
        }
    }
}

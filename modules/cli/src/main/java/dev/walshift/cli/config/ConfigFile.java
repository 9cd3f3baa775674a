package dev.walshift.cli.config;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.walshift.engine.pace.Budgets;
import dev.walshift.engine.pace.PaceSettings;
import dev.walshift.engine.pace.Units;
import dev.walshift.engine.plan.dependents.Consent;
import dev.walshift.engine.verify.VerifyMode;
import dev.walshift.postgres.Identifier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.yaml.snakeyaml.error.MarkedYAMLException;

/** Reads a YAML file with the options of {@code run}, by the same names. Goes on after a mistake, to tell all of them. */
public final class ConfigFile {
    private static final List<String> KEYS = List.of(
            "url",
            "table",
            "alter",
            "using",
            "column-order",
            "tablespace",
            "rebuild",
            "target-ddl",
            "accept-publications",
            "rebuild-materialized-views",
            "workers",
            "drop-retired",
            "indexes-first",
            "verify",
            "max-slot-wal",
            "max-key-log",
            "max-snapshot-age",
            "max-time",
            "pace",
            "pace-query",
            "pace-file",
            "max-replica-lag",
            "replicas");

    private final Path file;
    private final Consumer<String> problems;

    /**
     * @param problems receives what is wrong, one line each
     */
    public ConfigFile(Path file, Consumer<String> problems) {
        this.file = file;
        this.problems = problem -> problems.accept("%s: %s".formatted(file, problem));
    }

    /** What the file says; without what is wrong. */
    public MigrationValues read() {
        return parse().map(this::values).orElse(MigrationValues.none());
    }

    private MigrationValues values(JsonNode root) {
        root.fieldNames().forEachRemaining(this::checkKey);
        return new MigrationValues(
                value(root, "url", this::text),
                change(root),
                value(root, "workers", this::wholeNumber),
                value(root, "drop-retired", this::truth),
                value(root, "indexes-first", this::truth),
                value(root, "verify", this::verifyMode),
                budgets(root),
                pace(root));
    }

    private ChangeValues change(JsonNode root) {
        return new ChangeValues(
                value(root, "table", this::text),
                value(root, "alter", this::texts),
                value(root, "using", this::assignments),
                value(root, "column-order", this::columns),
                value(root, "tablespace", this::text).map(Identifier::new),
                value(root, "rebuild", this::truth),
                value(root, "target-ddl", this::beside),
                consents(root));
    }

    private PaceSettings pace(JsonNode root) {
        return new PaceSettings(
                word(root, "pace", PaceWords::parseSetting),
                word(root, "pace-query", PaceWords::parseQuery),
                value(root, "pace-file", this::beside),
                word(root, "max-replica-lag", Units::parseTime),
                value(root, "replicas", this::texts).map(PaceWords::splitReplicas));
    }

    /** A path that is not absolute begins where this file is. */
    private Path beside(Field field) {
        return file.resolveSibling(text(field));
    }

    private Set<Consent> consents(JsonNode root) {
        Set<Consent> consents = EnumSet.noneOf(Consent.class);
        for (Consent consent : Consent.values()) {
            if (value(root, consent.key(), this::truth).orElse(false)) {
                consents.add(consent);
            }
        }
        return consents;
    }

    private Budgets budgets(JsonNode root) {
        return new Budgets(
                word(root, "max-slot-wal", Units::parseSize),
                word(root, "max-key-log", Units::parseSize),
                word(root, "max-snapshot-age", Units::parseTime),
                word(root, "max-time", Units::parseTime));
    }

    /** What is no text, such as a number without its unit, is left to the parser, which says what is missing. */
    private <T> Optional<T> word(JsonNode root, String key, Function<String, T> parser) {
        Optional<JsonNode> node = Optional.ofNullable(root.get(key)).filter(found -> !found.isNull());
        return node.flatMap(found -> parsed(new Field(key, found), () -> parser.apply(wordText(found))));
    }

    private static String wordText(JsonNode node) {
        // YAML 1.1 reads off as false.
        if (node.isBoolean() && !node.booleanValue()) {
            return "off";
        }
        return node.isTextual() ? node.textValue() : node.toString();
    }

    private Optional<JsonNode> parse() {
        ObjectReader reader = YAMLMapper.builder(YAMLFactory.builder()
                        .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                        .build())
                .build()
                .reader();
        try {
            JsonNode root = reader.readTree(Files.readString(file, UTF_8));
            if (!root.isObject()) {
                problems.accept("expected lines such as 'table: public.orders'");
                return Optional.empty();
            }
            return Optional.of(root);
        } catch (JsonProcessingException e) {
            problems.accept(syntaxError(e));
        } catch (NoSuchFileException e) {
            problems.accept("no such file");
        } catch (IOException e) {
            problems.accept("cannot be read as UTF-8 text: %s".formatted(e));
        }
        return Optional.empty();
    }

    /** Without the parser's excerpt of the file, which may hold a password. */
    private static String syntaxError(JsonProcessingException e) {
        JsonLocation at = e.getLocation();
        String where = at == null ? "" : "line %d, column %d: ".formatted(at.getLineNr(), at.getColumnNr());
        String what = e.getCause() instanceof MarkedYAMLException yaml
                ? yaml.getProblem()
                : firstLine(e.getOriginalMessage());
        return "%snot valid YAML: %s (a text with ': ' or ' #' in it must stand in quotes, or in a block after '|')"
                .formatted(where, what);
    }

    private static String firstLine(String text) {
        return text.lines().findFirst().orElse("");
    }

    private void checkKey(String key) {
        if (!KEYS.contains(key)) {
            problems.accept("unknown key '%s'; %s"
                    .formatted(
                            key,
                            NearestName.of(key, KEYS)
                                    .map("did you mean '%s'?"::formatted)
                                    .orElse("known keys are " + String.join(", ", KEYS))));
        }
    }

    private static <T> Optional<T> value(JsonNode root, String key, Function<Field, T> reader) {
        JsonNode node = root.get(key);
        return node == null || node.isNull() ? Optional.empty() : Optional.of(reader.apply(new Field(key, node)));
    }

    private record Field(String key, JsonNode node) {}

    private String text(Field field) {
        if (!field.node().isTextual() || field.node().textValue().isBlank()) {
            reject(field, "a text");
            return "";
        }
        return field.node().textValue().strip();
    }

    private List<String> texts(Field field) {
        if (!field.node().isArray()) {
            return List.of(text(field));
        }
        List<String> texts = new ArrayList<>();
        field.node().forEach(item -> texts.add(text(new Field(field.key(), item))));
        if (texts.isEmpty()) {
            reject(field, "a text or a list of texts");
        }
        return texts;
    }

    private Map<Identifier, String> assignments(Field field) {
        Map<Identifier, String> assignments = new LinkedHashMap<>();
        if (field.node().isObject()) {
            field.node().properties().forEach(entry -> {
                String expression = text(new Field(field.key() + '.' + entry.getKey(), entry.getValue()));
                parsed(field, () -> ColumnNames.parse(entry.getKey()))
                        .ifPresent(column -> assignments.put(column, expression));
            });
        } else {
            for (String text : texts(field)) {
                parsed(field, () -> ColumnNames.parseAssignment(text))
                        .ifPresent(entry -> assignments.put(entry.getKey(), entry.getValue()));
            }
        }
        return assignments;
    }

    private List<Identifier> columns(Field field) {
        List<Identifier> columns = new ArrayList<>();
        for (String text : texts(field)) {
            parsed(field, () -> ColumnNames.parseList(text)).ifPresent(columns::addAll);
        }
        return columns;
    }

    private <T> Optional<T> parsed(Field field, Supplier<T> parser) {
        try {
            return Optional.of(parser.get());
        } catch (IllegalArgumentException e) {
            problems.accept("%s: %s".formatted(field.key(), e.getMessage()));
            return Optional.empty();
        }
    }

    private Integer wholeNumber(Field field) {
        if (!field.node().isInt()) {
            reject(field, "a whole number");
            return 1;
        }
        return field.node().intValue();
    }

    private Boolean truth(Field field) {
        if (!field.node().isBoolean()) {
            reject(field, "true or false");
            return false;
        }
        return field.node().booleanValue();
    }

    private VerifyMode verifyMode(Field field) {
        // To YAML, off is another word for false.
        String given = field.node().equals(BooleanNode.FALSE)
                ? VerifyMode.OFF.name()
                : field.node().asText();
        Optional<VerifyMode> mode = Arrays.stream(VerifyMode.values())
                .filter(candidate -> candidate.name().equalsIgnoreCase(given))
                .findFirst();
        if (mode.isEmpty()) {
            reject(field, "full, sample or off");
        }
        return mode.orElse(VerifyMode.FULL);
    }

    private void reject(Field field, String allowed) {
        String given =
                field.key().equals("url") ? "something else" : field.node().toString();
        problems.accept("%s must be %s, got %s".formatted(field.key(), allowed, given));
    }
}

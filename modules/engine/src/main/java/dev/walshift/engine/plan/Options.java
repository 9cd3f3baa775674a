package dev.walshift.engine.plan;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.util.List;

/** Storage parameters as the catalogs have them: {@code name=value}. */
final class Options {
    private Options() {}

    /** For SET ( ... ) or WITH ( ... ). */
    static SqlText list(List<String> options) {
        return list("", options);
    }

    /** The same in the namespace {@code prefix} ({@code toast.} or empty). */
    static SqlText list(String prefix, List<String> options) {
        return SqlText.list(options.stream().map(option -> one(prefix, option)).toList());
    }

    /** One parameter, in the namespace {@code prefix} ({@code toast.} or empty). */
    static SqlPart one(String prefix, String option) {
        return SqlTemplate.of(prefix + "{name} = {value}")
                .with("name", new Identifier(name(option)))
                .with("value", SqlText.literal(option.substring(name(option).length() + 1)));
    }

    static String name(String option) {
        return option.substring(0, option.indexOf('='));
    }
}

package dev.walshift.engine.plan;

import dev.walshift.engine.Problem;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.plan.AlterAction.Renaming;
import dev.walshift.engine.plan.AlterAction.TypeChange;
import dev.walshift.engine.plan.AlterAction.Using;
import dev.walshift.engine.plan.SqlToken.UnreadableException;
import dev.walshift.postgres.Identifier;
import java.util.List;
import java.util.Optional;

/** Reads one action of an ALTER TABLE: what kind it is, and the few parts that the plan needs as text. */
final class ActionParser {
    private static final String ON_ITS_OWN =
            "Leave it out here and run it as a statement of its own, before or after the migration";

    private final int clause;
    private final String text;
    private final List<SqlToken> tokens;

    /** @param tokens the action's, from {@code text}; not empty */
    ActionParser(int clause, String text, List<SqlToken> tokens) {
        this.clause = clause;
        this.text = text;
        this.tokens = tokens;
    }

    /** Why walshift can't make this change, if it can't. */
    Optional<Problem> refusal() {
        if (starts("RENAME", "TO") || starts("SET", "SCHEMA")) {
            return Optional.of(refused("the table keeps its name and schema", ON_ITS_OWN));
        }
        if (tokens.stream().anyMatch(token -> token.depth() == 0 && (token.is("REFERENCES") || token.is("FOREIGN")))) {
            return Optional.of(refused(
                    "it adds a foreign key, which is checked apart from a change of the rows",
                    "Leave it out here and add it after the migration: ADD CONSTRAINT ... FOREIGN KEY ... NOT VALID, "
                            + "then VALIDATE CONSTRAINT"));
        }
        if (starts("SET", "UNLOGGED") || starts("SET", "ACCESS")) {
            return Optional.of(refused("the change stream needs a logged heap table", ON_ITS_OWN));
        }
        if (starts("REPLICA", "IDENTITY")) {
            return Optional.of(refused("the change stream depends on the replica identity", ON_ITS_OWN));
        }
        if (starts("ALTER") && tokens.stream().anyMatch(token -> token.depth() == 0 && token.is("RESTART"))) {
            return Optional.of(refused("the swap hands over the value that the sequence has reached", ON_ITS_OWN));
        }
        boolean known = starts("RENAME")
                || starts("ADD")
                || starts("DROP")
                || starts("ALTER")
                || starts("SET")
                || starts("RESET")
                || starts("CLUSTER", "ON");
        return known ? Optional.empty() : Optional.of(refused("walshift can't make this change", ON_ITS_OWN));
    }

    private Problem refused(String reason, String remedy) {
        return new Problem(ProblemCode.UNSUPPORTED_CHANGE, "%s: %s".formatted(sql(), reason), remedy);
    }

    AlterAction parse() throws UnreadableException {
        return new AlterAction(
                clause, tokens.getFirst().start(), sql(), starts("RENAME"), constraint(), renaming(), typeChange());
    }

    private String sql() {
        return text.substring(tokens.getFirst().start(), tokens.getLast().end());
    }

    private Optional<Identifier> constraint() throws UnreadableException {
        if (!starts("DROP", "CONSTRAINT") && !starts("ALTER", "CONSTRAINT") && !starts("RENAME", "CONSTRAINT")) {
            return Optional.empty();
        }
        return Optional.of(
                token(starts("DROP", "CONSTRAINT", "IF", "EXISTS") ? 4 : 2).name());
    }

    private Optional<Renaming> renaming() throws UnreadableException {
        if (!starts("RENAME") || starts("RENAME", "CONSTRAINT")) {
            return Optional.empty();
        }
        int column = columnAt();
        if (tokens.size() != column + 3 || !token(column + 1).is("TO")) {
            throw new UnreadableException("expected RENAME COLUMN name TO name, found " + sql());
        }
        return Optional.of(new Renaming(token(column).name(), token(column + 2).name()));
    }

    private Optional<TypeChange> typeChange() throws UnreadableException {
        if (!starts("ALTER") || starts("ALTER", "CONSTRAINT")) {
            return Optional.empty();
        }
        int column = columnAt();
        int type = column + 1;
        if (type + 1 < tokens.size() && token(type).is("SET") && token(type + 1).is("DATA")) {
            type += 2;
        }
        if (type >= tokens.size() || !token(type).is("TYPE")) {
            return Optional.empty();
        }
        return Optional.of(new TypeChange(token(column).name(), using(type + 1)));
    }

    /** USING is a reserved word, so the first one outside of brackets starts the expression. */
    private Optional<Using> using(int from) throws UnreadableException {
        for (int i = from; i < tokens.size(); i++) {
            if (token(i).is("USING") && token(i).depth() == 0) {
                if (i + 1 == tokens.size()) {
                    throw new UnreadableException("nothing follows USING in " + sql());
                }
                return Optional.of(Using.of(text, tokens.subList(i + 1, tokens.size())));
            }
        }
        return Optional.empty();
    }

    /** COLUMN is a noise word; it is reserved, so a column of that name would be quoted. */
    private int columnAt() throws UnreadableException {
        return token(1).is("COLUMN") ? 2 : 1;
    }

    private SqlToken token(int index) throws UnreadableException {
        if (index >= tokens.size()) {
            throw new UnreadableException("it ends too early: " + sql());
        }
        return tokens.get(index);
    }

    private boolean starts(String... keywords) {
        for (int i = 0; i < keywords.length; i++) {
            if (i >= tokens.size() || !tokens.get(i).is(keywords[i])) {
                return false;
            }
        }
        return true;
    }
}

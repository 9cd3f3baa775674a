package dev.walshift.engine.plan;

import dev.walshift.engine.Problem;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.plan.AlterAction.Using;
import dev.walshift.engine.plan.SqlToken.UnreadableException;
import dev.walshift.postgres.Identifier;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Takes the operator's clauses apart into the statements that the server will be given. */
final class StatementParser {
    private final AlterRequest request;
    private final List<AlterAction> actions = new ArrayList<>();
    private final List<Problem> problems = new ArrayList<>();
    private boolean only;
    private List<Identifier> table = List.of();

    StatementParser(AlterRequest request) {
        this.request = request;
    }

    AlterStatement parse() {
        try {
            readTable();
            for (int i = 0; i < request.clauses().size(); i++) {
                readClause(i, request.clauses().get(i));
            }
            if (table.isEmpty()) {
                throw new UnreadableException("no table is named");
            }
            addUsing();
        } catch (UnreadableException e) {
            wrong(e.what());
        }
        return new AlterStatement(table, only, steps(), problems);
    }

    private void wrong(String message) {
        problems.add(new Problem(
                ProblemCode.WRONG_STATEMENT,
                message,
                "Name the table and give what follows its name in ALTER TABLE, or give the whole ALTER TABLE"
                        + " statement"));
    }

    private void readTable() throws UnreadableException {
        if (request.table().isPresent()) {
            String written = request.table().orElseThrow();
            List<SqlToken> tokens = SqlToken.all(written);
            if (readName(tokens, 0) != tokens.size()) {
                throw new UnreadableException("not a table's name: " + written);
            }
        }
    }

    /** Returns the index of the token after the name. */
    private int readName(List<SqlToken> tokens, int from) throws UnreadableException {
        if (from >= tokens.size()) {
            throw new UnreadableException("the table's name is missing");
        }
        List<Identifier> names = new ArrayList<>();
        names.add(tokens.get(from).name());
        int next = from + 1;
        while (next + 1 < tokens.size() && tokens.get(next).is('.')) {
            names.add(tokens.get(next + 1).name());
            next += 2;
        }
        if (!table.isEmpty() && !table.equals(names)) {
            throw new UnreadableException("two tables are named, %s and %s".formatted(table, names));
        }
        table = List.copyOf(names);
        return next;
    }

    private void readClause(int index, String text) throws UnreadableException {
        List<SqlToken> tokens = withoutTerminator(SqlToken.all(text));
        if (tokens.stream().anyMatch(token -> token.is(';'))) {
            throw new UnreadableException("several statements where one is expected: " + text.strip());
        }
        int first = readHead(tokens);
        for (List<SqlToken> action : split(tokens.subList(first, tokens.size()), text)) {
            ActionParser parser = new ActionParser(index, text, action);
            Optional<Problem> refusal = parser.refusal();
            if (refusal.isPresent()) {
                problems.add(refusal.orElseThrow());
            } else {
                actions.add(parser.parse());
            }
        }
    }

    private static List<SqlToken> withoutTerminator(List<SqlToken> tokens) {
        boolean terminated = !tokens.isEmpty() && tokens.getLast().is(';');
        return terminated ? tokens.subList(0, tokens.size() - 1) : tokens;
    }

    /** Reads {@code ALTER TABLE [IF EXISTS] [ONLY] name [*]}, if there; TABLE is reserved, so it is no column's name. */
    private int readHead(List<SqlToken> tokens) throws UnreadableException {
        if (tokens.size() < 2 || !tokens.get(0).is("ALTER") || !tokens.get(1).is("TABLE")) {
            return 0;
        }
        int name = 2;
        if (tokens.size() > name + 1
                && tokens.get(name).is("IF")
                && tokens.get(name + 1).is("EXISTS")) {
            name += 2;
        }
        if (tokens.size() > name && tokens.get(name).is("ONLY")) {
            only = true;
            name++;
        }
        int next = readName(tokens, name);
        return next < tokens.size() && tokens.get(next).is('*') ? next + 1 : next;
    }

    /** At the commas outside of brackets. */
    private static List<List<SqlToken>> split(List<SqlToken> tokens, String text) throws UnreadableException {
        List<List<SqlToken>> parts = new ArrayList<>();
        int start = 0;
        for (int i = 0; i <= tokens.size(); i++) {
            if (i == tokens.size() || (tokens.get(i).is(',') && tokens.get(i).depth() == 0)) {
                if (i == start) {
                    throw new UnreadableException("an action is missing in: " + text.strip());
                }
                parts.add(tokens.subList(start, i));
                start = i + 1;
            }
        }
        return parts;
    }

    /** Adds the expressions that were given apart, by the source's names, to the actions, which use the present ones. */
    private void addUsing() throws UnreadableException {
        if (request.targetDdl().isPresent()) {
            return;
        }
        Map<Identifier, Identifier> sourceNames = new HashMap<>();
        Set<Identifier> placed = new HashSet<>();
        for (int i = 0; i < actions.size(); i++) {
            AlterAction action = actions.get(i);
            action.renaming()
                    .ifPresent(renaming ->
                            sourceNames.put(renaming.to(), sourceNames.getOrDefault(renaming.from(), renaming.from())));
            if (action.typeChange().isEmpty()) {
                continue;
            }
            Identifier present = action.typeChange().orElseThrow().column();
            Identifier column = sourceNames.getOrDefault(present, present);
            String expression = request.using().get(column);
            if (expression != null) {
                if (action.typeChange().orElseThrow().using().isPresent() || !placed.add(column)) {
                    throw new UnreadableException("two USING expressions for column " + column);
                }
                actions.set(i, action.withUsing(using(column, expression)));
            }
        }
        for (Identifier column : request.using().keySet()) {
            if (!placed.contains(column)) {
                throw new UnreadableException(
                        "a USING expression is given for column %s, whose type is not changed".formatted(column));
            }
        }
    }

    static Using using(Identifier column, String expression) throws UnreadableException {
        List<SqlToken> tokens = SqlToken.all(expression);
        if (tokens.isEmpty()
                || tokens.stream().anyMatch(token -> token.depth() == 0 && (token.is(',') || token.is(';')))) {
            throw new UnreadableException("not one expression, for column %s: %s".formatted(column, expression));
        }
        return Using.of(expression, tokens);
    }

    private List<List<AlterAction>> steps() {
        List<List<AlterAction>> steps = new ArrayList<>();
        boolean open = false;
        for (AlterAction action : actions) {
            if (!open || action.rename()) {
                steps.add(new ArrayList<>());
            }
            steps.getLast().add(action);
            open = !action.rename();
        }
        return steps;
    }
}

package dev.walshift.engine.plan;

import dev.walshift.engine.Problem;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.plan.SqlToken.UnreadableException;
import java.util.ArrayList;
import java.util.List;

/**
 * The operator's own DDL of the new table, taken apart into its statements. What each of them means is the server's business; here is
 * only made sure that none can do more than make a table and its partitions.
 *
 * @param statements in order
 * @param problems why they can't be run
 */
record TargetFile(List<TargetStatement> statements, List<Problem> problems) {
    TargetFile {
        statements = List.copyOf(statements);
        problems = List.copyOf(problems);
    }

    static TargetFile parse(String text) {
        List<TargetStatement> statements = new ArrayList<>();
        List<Problem> problems = new ArrayList<>();
        try {
            for (List<SqlToken> tokens : split(SqlToken.all(text))) {
                TargetStatementParser parser = new TargetStatementParser(text, tokens);
                parser.refusal().ifPresentOrElse(problems::add, () -> statements.add(parser.statement()));
            }
        } catch (UnreadableException e) {
            problems.add(new Problem(
                    ProblemCode.WRONG_STATEMENT,
                    "the new table's DDL can't be read: " + e.what(),
                    "Give plain SQL: CREATE TABLE of the new table, its partitions and indexes"));
        }
        if (statements.isEmpty() && problems.isEmpty()) {
            problems.add(new Problem(
                    ProblemCode.WRONG_STATEMENT,
                    "the new table's DDL holds no statement",
                    "Give CREATE TABLE of the new table, its partitions and indexes"));
        }
        return new TargetFile(statements, problems);
    }

    private static List<List<SqlToken>> split(List<SqlToken> tokens) {
        List<List<SqlToken>> statements = new ArrayList<>();
        int start = 0;
        for (int i = 0; i <= tokens.size(); i++) {
            if (i == tokens.size() || (tokens.get(i).is(';') && tokens.get(i).depth() == 0)) {
                if (i > start) {
                    statements.add(tokens.subList(start, i));
                }
                start = i + 1;
            }
        }
        return statements;
    }
}

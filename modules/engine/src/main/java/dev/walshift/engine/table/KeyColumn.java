package dev.walshift.engine.table;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.SqlText;

/**
 * One column of the identity key.
 *
 * @param source its name in the source
 * @param type its type in the source with typmod and collation, as a column definition has it: {@code character(3) COLLATE "C"};
 *     so that keys stay keys wherever they are kept
 * @param target its name in the shadow
 * @param mapped the shadow's value, an expression over a column with the source's name, with the shadow's type and collation
 */
public record KeyColumn(Identifier source, SqlText type, Identifier target, SqlText mapped) {}

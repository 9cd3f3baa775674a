/**
 * Plan: asks the server, by a probe clone, what a statement would change, and finds the safe way to do it.
 *
 * <p>{@link dev.walshift.engine.plan.Planner} is the way in; {@code Surveyor} is its table of contents: the statement is taken apart
 * ({@code StatementParser}), server and table are looked at ({@code ServerChecks}, {@code TableChecks}), the
 * table is read ({@code CatalogReader}) into a {@code TableModel} and written again, empty, under another schema
 * ({@code TableWriter}), the statement is run on that clone ({@code AlterProbe}), and from what the clone then is follow strategy, row
 * mapping, identity key and blueprint. What hangs on the table is the sub-package {@code dependents}'. Problems are collected ({@code Findings}), never thrown one by one.
 */
@NullMarked
package dev.walshift.engine.plan;

import org.jspecify.annotations.NullMarked;

package dev.walshift.cli;

/** A command that prints one JSON object when asked to, even when it fails. */
interface ReportsJson {
    boolean json();
}

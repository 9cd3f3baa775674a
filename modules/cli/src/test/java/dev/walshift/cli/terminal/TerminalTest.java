package dev.walshift.cli.terminal;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class TerminalTest {
    private static final String CLEAR = "\r\u001b[K";
    private static final String UP = "\u001b[A";

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private Terminal terminal(int width) {
        return new Terminal(out, err, OptionalInt.of(width));
    }

    @Test
    void rewritesTheStatusInPlace() {
        Terminal terminal = terminal(80);
        terminal.showStatus("one");
        terminal.showStatus("two", "lines");
        terminal.showStatus("three");
        terminal.clearStatus();
        terminal.clearStatus();

        assertThat(err.toString(UTF_8)).isEqualTo("one" + CLEAR + "two\nlines" + CLEAR + UP + CLEAR + "three" + CLEAR);
    }

    @Test
    void takesTheStatusAwayBeforeAnythingElseIsPrinted() {
        Terminal terminal = terminal(80);
        terminal.showStatus("status");
        terminal.err().println("warning");
        terminal.showStatus("status");
        terminal.out().println("result");

        assertThat(err.toString(UTF_8)).isEqualTo("status%swarning%nstatus%s".formatted(CLEAR, CLEAR));
        assertThat(out.toString(UTF_8)).isEqualTo("result%n".formatted());
    }

    @Test
    void cutsTheStatusToTheWidth() {
        terminal(5).showStatus("123456");

        assertThat(err.toString(UTF_8)).isEqualTo("1234");
    }

    @Test
    void showsNoStatusWhereThereIsNoTerminal() {
        Terminal terminal = new Terminal(out, err, OptionalInt.empty());
        terminal.showStatus("status");
        terminal.clearStatus();

        assertThat(terminal.isInteractive()).isFalse();
        assertThat(err.size()).isZero();
    }

    @Test
    void writesUtf8WhateverTheLocale() {
        terminal(80).out().print("größe");

        assertThat(out.toByteArray()).isEqualTo("größe".getBytes(UTF_8));
    }
}

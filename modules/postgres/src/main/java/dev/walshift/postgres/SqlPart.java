package dev.walshift.postgres;

/** Something that may stand in a statement's text. Values never do: they are parameters. */
public interface SqlPart {
    /** This part as it stands in a statement, quoted where it needs to be. */
    String sql();
}

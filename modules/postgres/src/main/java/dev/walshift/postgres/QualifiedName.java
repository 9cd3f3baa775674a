package dev.walshift.postgres;

/** A schema-qualified name of a relation, sequence or other object that lives in a schema. */
public record QualifiedName(Identifier schema, Identifier name) implements SqlPart {

    public static QualifiedName of(String schema, String name) {
        return new QualifiedName(new Identifier(schema), new Identifier(name));
    }

    /** The object of the same name in another schema. */
    public QualifiedName in(Identifier otherSchema) {
        return new QualifiedName(otherSchema, name);
    }

    @Override
    public String sql() {
        return schema.sql() + '.' + name.sql();
    }

    /** Quoted, so that it can be pasted into psql. */
    @Override
    public String toString() {
        return sql();
    }
}

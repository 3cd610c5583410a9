// Databases as FastAPI templates leave them behind: what SQLAlchemy creates and what such an application writes. Text only.

import Reactor

/// One template's database, in both dialects.
struct FastAPIDatabase: Sendable, CustomStringConvertible {
    let description: String
    let postgres: String
    let sqlite: String

    func text(_ dialect: SQLDialect) -> String { dialect == .postgres ? postgres : sqlite }

    private static let alembic = """
        CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
        INSERT INTO alembic_version VALUES ('5c1f0e7a9b3d');

        """

    /// Of `password123`.
    static let bcrypt = "$2b$12$EixZaYVK1fsbw1ZfbX3OXeMqs1btdv6mOK.mhnPaxodxjJ.b34uhy"

    /// A: users with a flag for administrators, and products.
    static let products = FastAPIDatabase(
        description: "users and products",
        postgres: alembic + """
            CREATE TABLE users (
                id SERIAL NOT NULL, email VARCHAR NOT NULL, hashed_password VARCHAR NOT NULL, is_active BOOLEAN, is_admin BOOLEAN,
                PRIMARY KEY (id));
            CREATE UNIQUE INDEX ix_users_email ON users (email);
            CREATE INDEX ix_users_id ON users (id);
            CREATE TABLE products (
                id SERIAL NOT NULL, name VARCHAR NOT NULL, price FLOAT NOT NULL, in_stock BOOLEAN, sku VARCHAR(20) NOT NULL,
                created_at TIMESTAMP WITHOUT TIME ZONE, PRIMARY KEY (id), UNIQUE (sku));
            INSERT INTO users (email, hashed_password, is_active, is_admin) VALUES
                ('Ann@example.com', '\(bcrypt)', true, true), ('bob@example.com', '\(bcrypt)', NULL, NULL);
            INSERT INTO products (name, price, in_stock, sku, created_at) VALUES
                ('Pen', 1.1, true, 'p-1', '2024-01-02 03:04:05.678901'), ('Ink', 19.9, NULL, 'p-2', NULL);
            """,
        sqlite: alembic + """
            CREATE TABLE users (
                id INTEGER NOT NULL, email VARCHAR NOT NULL, hashed_password VARCHAR NOT NULL, is_active BOOLEAN, is_admin BOOLEAN,
                PRIMARY KEY (id));
            CREATE UNIQUE INDEX ix_users_email ON users (email);
            CREATE INDEX ix_users_id ON users (id);
            CREATE TABLE products (
                id INTEGER NOT NULL, name VARCHAR NOT NULL, price FLOAT NOT NULL, in_stock BOOLEAN, sku VARCHAR(20) NOT NULL,
                created_at DATETIME, PRIMARY KEY (id), UNIQUE (sku));
            INSERT INTO users (email, hashed_password, is_active, is_admin) VALUES
                ('Ann@example.com', '\(bcrypt)', 1, 1), ('bob@example.com', '\(bcrypt)', NULL, NULL);
            INSERT INTO products (name, price, in_stock, sku, created_at) VALUES
                ('Pen', 1.1, 1, 'p-1', '2024-01-02 03:04:05.678901'), ('Ink', 19.9, NULL, 'p-2', NULL);
            """)

    /// B: users with names and times, and their tasks; a table that is nobody's but theirs.
    static let tasks = FastAPIDatabase(
        description: "users and tasks",
        postgres: alembic + """
            CREATE TABLE users (
                id SERIAL PRIMARY KEY, email VARCHAR(255) NOT NULL UNIQUE, username VARCHAR(100) NOT NULL UNIQUE,
                hashed_password VARCHAR(255) NOT NULL, full_name VARCHAR(255), is_active BOOLEAN NOT NULL DEFAULT true,
                is_superuser BOOLEAN NOT NULL DEFAULT false, created_at TIMESTAMP WITH TIME ZONE DEFAULT now(),
                updated_at TIMESTAMP WITH TIME ZONE);
            CREATE TABLE tasks (
                id SERIAL PRIMARY KEY, title VARCHAR(200) NOT NULL, description TEXT, status VARCHAR(20) DEFAULT 'todo',
                priority VARCHAR(10), due_date TIMESTAMP, user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                created_at TIMESTAMP NOT NULL DEFAULT now());
            CREATE TABLE labels (id SERIAL PRIMARY KEY, owner_id INTEGER NOT NULL REFERENCES users (id), text VARCHAR NOT NULL);
            INSERT INTO users (email, username, hashed_password, full_name, is_superuser, created_at) VALUES
                ('ann@example.com', 'ann', '\(bcrypt)', 'Ann A.', true, '2024-01-02 03:04:05+00'),
                ('bob@example.com', 'bob', '\(bcrypt)', NULL, false, '2024-01-02 05:04:05+02');
            INSERT INTO tasks (title, status, priority, due_date, user_id) VALUES
                ('One', 'todo', 'Normal', '2025-06-07 08:09:10', 1), ('Two', 'In-Progress', 'HIGH', NULL, 2), ('Three', 'DONE', NULL, NULL, 2);
            INSERT INTO labels (owner_id, text) VALUES (1, 'red');
            DELETE FROM tasks WHERE title = 'Three';
            """,
        sqlite: alembic + """
            CREATE TABLE users (
                id INTEGER PRIMARY KEY AUTOINCREMENT, email VARCHAR(255) NOT NULL UNIQUE, username VARCHAR(100) NOT NULL UNIQUE,
                hashed_password VARCHAR(255) NOT NULL, full_name VARCHAR(255), is_active BOOLEAN NOT NULL DEFAULT 1,
                is_superuser BOOLEAN NOT NULL DEFAULT 0, created_at DATETIME DEFAULT CURRENT_TIMESTAMP, updated_at DATETIME);
            CREATE TABLE tasks (
                id INTEGER PRIMARY KEY AUTOINCREMENT, title VARCHAR(200) NOT NULL, description TEXT, status VARCHAR(20) DEFAULT 'todo',
                priority VARCHAR(10), due_date DATETIME, user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP);
            CREATE TABLE labels (id INTEGER PRIMARY KEY, owner_id INTEGER NOT NULL REFERENCES users (id), text VARCHAR NOT NULL);
            INSERT INTO users (email, username, hashed_password, full_name, is_superuser, created_at) VALUES
                ('ann@example.com', 'ann', '\(bcrypt)', 'Ann A.', 1, '2024-01-02 03:04:05'),
                ('bob@example.com', 'bob', '\(bcrypt)', NULL, 0, '2024-01-02T05:04:05+02:00');
            INSERT INTO tasks (title, status, priority, due_date, user_id) VALUES
                ('One', 'todo', 'Normal', '2025-06-07 08:09:10.000000', 1), ('Two', 'In-Progress', 'HIGH', NULL, 2),
                ('Three', 'DONE', NULL, NULL, 2);
            INSERT INTO labels (owner_id, text) VALUES (1, 'red');
            DELETE FROM tasks WHERE title = 'Three';
            """)

    /// C: roles in an enumeration, columns that we have no use for, and no Alembic: the tables came from create_all().
    static let roles = FastAPIDatabase(
        description: "roles",
        postgres: """
            CREATE TYPE userrole AS ENUM ('ADMIN', 'USER', 'MODERATOR');
            CREATE TABLE organisations (id SERIAL PRIMARY KEY, name VARCHAR NOT NULL);
            CREATE TABLE users (
                id SERIAL PRIMARY KEY, email VARCHAR NOT NULL UNIQUE, password_hash VARCHAR NOT NULL, role userrole NOT NULL,
                disabled BOOLEAN DEFAULT false, is_verified BOOLEAN, phone VARCHAR(20) NOT NULL UNIQUE,
                organisation_id INTEGER REFERENCES organisations (id), plan VARCHAR(10) NOT NULL DEFAULT 'free',
                created_at DATE);
            CREATE TABLE posts (
                id SERIAL PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES users (id), title VARCHAR NOT NULL, body TEXT NOT NULL);
            INSERT INTO organisations (name) VALUES ('Acme');
            INSERT INTO users (email, password_hash, role, disabled, is_verified, phone, organisation_id, created_at) VALUES
                ('ann@example.com', '\(bcrypt)', 'ADMIN', false, true, '1', 1, '2024-01-02'),
                ('bob@example.com', '\(bcrypt)', 'MODERATOR', true, false, '2', NULL, NULL);
            INSERT INTO posts (author_id, title, body) VALUES (2, 'Hello', 'World');
            """,
        sqlite: """
            CREATE TABLE organisations (id INTEGER PRIMARY KEY, name VARCHAR NOT NULL);
            CREATE TABLE users (
                id INTEGER PRIMARY KEY, email VARCHAR NOT NULL UNIQUE, password_hash VARCHAR NOT NULL,
                role VARCHAR(9) NOT NULL CONSTRAINT userrole CHECK (role IN ('ADMIN', 'USER', 'MODERATOR')),
                disabled BOOLEAN DEFAULT 0, is_verified BOOLEAN, phone VARCHAR(20) NOT NULL UNIQUE,
                organisation_id INTEGER REFERENCES organisations (id), plan VARCHAR(10) NOT NULL DEFAULT 'free',
                created_at DATE);
            CREATE TABLE posts (
                id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES users (id), title VARCHAR NOT NULL, body TEXT NOT NULL);
            INSERT INTO organisations (name) VALUES ('Acme');
            INSERT INTO users (email, password_hash, role, disabled, is_verified, phone, organisation_id, created_at) VALUES
                ('ann@example.com', '\(bcrypt)', 'ADMIN', 0, 1, '1', 1, '2024-01-02'),
                ('bob@example.com', '\(bcrypt)', 'MODERATOR', 1, 0, '2', NULL, NULL);
            INSERT INTO posts (author_id, title, body) VALUES (2, 'Hello', 'World');
            """)

    static let all = [products, tasks, roles]
}

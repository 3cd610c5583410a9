// How a filtered list becomes SQL.

import Reactor
import Testing

@testable import App

@Suite struct ListStatementTests {
    private func products(_ filter: ProductFilter, _ dialect: SQLDialect = .sqlite) -> ListStatement {
        ProductRepository.list(filter, dialect)
    }

    @Test func listsEverythingNewestFirst() {
        let list = ListStatement("id, name", from: "things").list(PageRequest(limit: 10))
        #expect(
            list.statement.sqlite
                == "SELECT id, name FROM things ORDER BY id DESC LIMIT $1")
        #expect(list.statement.postgres == list.statement.sqlite)
        #expect(list.statement.kind == .read)
        #expect(list.bindings == [.int(10)])
    }

    @Test func everyFilterNarrowsListAndTotalAlike() {
        let filter = ProductFilter(
            name: "50%", minPrice: Price(hundredths: 1), maxPrice: Price(hundredths: 1_990), inStock: true)
        let list = products(filter).list(PageRequest(skip: 20, limit: 10))
        let conditions = "WHERE (fold_contains(name, $1)) AND price >= $2 AND price <= $3 AND in_stock = $4"
        let inPostgres = "WHERE (fold_case(name) LIKE fold_case($1) ESCAPE '!') AND price >= $2 AND price <= $3 AND in_stock = $4"
        #expect(list.statement.postgres.ranges(of: inPostgres).count == 1)
        #expect(list.statement.sqlite.ranges(of: conditions).count == 1)
        #expect(list.statement.sqlite.hasSuffix("LIMIT $5 OFFSET $6"))
        #expect(list.bindings == [.text("%50!%%"), .int(1), .int(1_990), .bool(true), .int(10), .int(20)])
        #expect(products(filter).count.statement.sqlite == "SELECT count(*) FROM products \(conditions)")
        #expect(products(filter).count.bindings == [.text("%50!%%"), .int(1), .int(1_990), .bool(true)])
    }

    @Test func aCursorNarrowsTheListAndNotTheTotal() {
        let list = products(ProductFilter(inStock: false)).list(PageRequest(skip: 5, limit: 10, cursor: Cursor(id: 40)))
        #expect(products(ProductFilter(inStock: false)).count.statement.sqlite == "SELECT count(*) FROM products WHERE in_stock = $1")
        #expect(list.statement.sqlite.hasSuffix("WHERE in_stock = $1 AND id < $2 ORDER BY id DESC LIMIT $3"))
        #expect(list.bindings == [.bool(false), .int(40), .int(10)])
    }

    @Test func pricesAreWhatEachDatabaseStores() {
        let filter = ProductFilter(maxPrice: Price(hundredths: 1_990))
        #expect(products(filter, .sqlite).count.bindings == [.int(1_990)])
        #expect(products(filter, .postgres).count.bindings == [.decimal("19.90")])
    }

    @Test func anEmptyNameIsNone() {
        #expect(ProductFilter(name: "") == ProductFilter())
    }

    @Test(arguments: [(0, "0.00"), (5, "0.05"), (50, "0.50"), (1_990, "19.90"), (999_999_999_999, "9999999999.99"), (-5, "-0.05")])
    func pricesHaveTwoPlaces(_ hundredths: Int64, _ text: String) {
        #expect(Price(hundredths: hundredths).text == text)
    }
}

package io.taffrail.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/// Columns as wide as what is in them.
final class Table {
    private final List<String[]> rows = new ArrayList<>();
    private final int[] widths;

    Table(String... headings) {
        widths = new int[headings.length];
        row(headings);
    }

    void row(String... cells) {
        if (cells.length != widths.length) {
            throw new IllegalArgumentException(cells.length + " cells for " + widths.length + " columns");
        }
        for (var column = 0; column < cells.length; column++) {
            widths[column] = Math.max(widths[column], cells[column].length());
        }
        rows.add(cells);
    }

    void print(PrintWriter out) {
        for (var row : rows) {
            var line = new StringBuilder();
            for (var column = 0; column < row.length; column++) {
                line.append(row[column]).repeat(' ', widths[column] - row[column].length() + 2);
            }
            out.println(line.toString().stripTrailing());
        }
    }
}

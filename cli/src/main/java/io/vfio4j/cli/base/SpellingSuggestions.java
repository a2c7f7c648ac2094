// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** Finds the known word closest to a misspelt one. */
public final class SpellingSuggestions {

  private SpellingSuggestions() {
  }

  /**
   * Returns the known word closest to another, if one is close: it begins with the other, or differs by one or two letters
   * (missing, added, wrong or swapped).
   */
  public static Optional<String> closest(String word, Collection<String> known) {
    return known.stream().filter(candidate -> distance(word, candidate) <= tolerance(word)
        || isAbbreviation(word, candidate))
        .min(Comparator.comparingInt((String candidate) -> isAbbreviation(word, candidate) ? 0
            : distance(word, candidate)).thenComparing(Comparator.naturalOrder()));
  }

  private static boolean isAbbreviation(String word, String candidate) {
    return word.replaceAll("^-+", "").length() >= 2 && candidate.startsWith(word);
  }

  /** Two differences turn a short word into another one. */
  private static int tolerance(String word) {
    int letters = word.replaceAll("^-+", "").length();
    return letters <= 2 ? 0 : letters <= 4 ? 1 : 2;
  }

  /** Returns the number of letters to insert, delete, replace or swap with a neighbour (optimal string alignment). */
  static int distance(String a, String b) {
    int[][] cost = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        cost[i][j] = i == 0 || j == 0 ? i + j : cheapest(a, b, i, j, cost);
      }
    }
    return cost[a.length()][b.length()];
  }

  private static int cheapest(String a, String b, int i, int j, int[][] cost) {
    int replaced = cost[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
    int least = Math.min(replaced, 1 + Math.min(cost[i - 1][j], cost[i][j - 1]));
    boolean swapped =
        i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
    return swapped ? Math.min(least, cost[i - 2][j - 2] + 1) : least;
  }
}

import Evaluation
import Testing

@Suite struct PassAtKTests {
  // n = 8, c = 2: 1 − C(6,k)/C(8,k) = 1 − 6/8, 1 − 15/28, 1 − 15/70, 1.
  @Test(arguments: [(1, 0.25), (2, 13.0 / 28), (4, 55.0 / 70), (8, 1)])
  func matchesTheBinomialFormula(k: Int, expected: Double) throws {
    #expect(abs(try PassAtK.estimate(samples: 8, correct: 2, k: k) - expected) < 1e-15)
  }

  @Test func theEndsAreExact() throws {
    for k in 1...5 {
      #expect(try PassAtK.estimate(samples: 5, correct: 0, k: k) == 0)
      #expect(try PassAtK.estimate(samples: 5, correct: 5, k: k) == 1)
    }
    #expect(try PassAtK.estimate(samples: 5, correct: 3, k: 3) == 1)
  }

  /// Every choice of k among n samples, counted one by one.
  @Test(arguments: 0...6) func matchesEnumeration(correct: Int) throws {
    let n = 6
    for k in 1...n {
      let choices = (0..<(1 << n)).filter { $0.nonzeroBitCount == k }
      let passing = choices.count { $0 & ((1 << correct) - 1) != 0 }
      let expected = Double(passing) / Double(choices.count)
      let estimate = try PassAtK.estimate(samples: n, correct: correct, k: k)
      #expect(abs(estimate - expected) < 1e-15)
    }
  }

  /// C(10000, 5000) has no Double; the product needs none.
  @Test func manySamplesDoNotOverflow() throws {
    let estimate = try PassAtK.estimate(samples: 10_000, correct: 5_000, k: 2)
    // 1 − (5000·4999)/(10000·9999); 5000 rounded factors of a telescoping product.
    #expect(abs(estimate - (1 - 4_999.0 / (2 * 9_999))) < 1e-12)
  }

  @Test(
    arguments: [
      (2, 9, "k: is out of range (got 9; need 1 to 8)"),
      (2, 0, "k: is out of range (got 0; need 1 to 8)"),
      (9, 1, "correct: is out of range (got 9; need 0 to 8)"),
      (-1, 1, "correct: is out of range (got -1; need 0 to 8)"),
    ])
  func impossibleNumbersAreRefused(correct: Int, k: Int, problem: String) {
    let error = #expect(throws: StatisticsError.self) {
      try PassAtK.estimate(samples: 8, correct: correct, k: k)
    }
    #expect(error?.description == problem)
  }
}

import PolicyOptimization
import Testing

@Suite struct ObjectiveNeedTests {
  /// A penalty on an estimate to the reference needs log-probs of it, an exact one the divergence; π_old's
  /// log-probs are always there.
  @Test func anObjectiveNeedsWhatItsPartsRead() {
    func needs(_ penalty: KLPenalty) -> Set<ObjectiveNeed> {
      penalty.divergence.isToReference
        ? PolicyObjective(klPenalty: penalty).needs : PolicyObjective(oldKLPenalty: penalty).needs
    }
    for divergence in KLDivergence.allCases {
      #expect(
        needs(KLPenalty(coefficient: 1, divergence: divergence))
          == (divergence.isToReference ? [.referenceLogProb] : []))
      #expect(
        needs(KLPenalty(coefficient: 1, divergence: divergence, estimator: .exact))
          == [.exactKL(divergence)])
    }
    #expect(PolicyObjective().needs.isEmpty && Likelihood().needs.isEmpty)
    #expect(ValueLoss().needs == [.values])
    #expect(
      JointObjective(
        policy: PolicyObjective(klPenalty: KLPenalty(coefficient: 1)), value: ValueLoss(),
        coefficient: 1
      ).needs == [.referenceLogProb, .values])
  }

  @Test func whatNeedsAReferenceIsKnown() {
    let none: Set<ObjectiveNeed> = [.values, .exactKL(.oldToPolicy)]
    #expect(!none.includeReference && none.exactKLToReference == nil)
    #expect(none.exactKLToOld == .oldToPolicy)
    let exact: Set<ObjectiveNeed> = [.exactKL(.referenceToPolicy)]
    #expect(exact.includeReference && exact.exactKLToReference == .referenceToPolicy)
    #expect(exact.exactKLToOld == nil)
    #expect(Set<ObjectiveNeed>([.referenceLogProb]).includeReference)
  }

  @Test func oneDirectionOfAnExactDivergenceIsComputed() {
    let all = KLDivergence.allCases.map(ObjectiveNeed.exactKL)
    for (i, first) in all.enumerated() {
      for (j, second) in all.enumerated() {
        let both: Set<ObjectiveNeed> = [first, second, .values]
        let share = KLDivergence.allCases[i].isToReference == KLDivergence.allCases[j].isToReference
        #expect(both.areConsistent == (i == j || !share))
      }
    }
  }
}
